(** The theorem behind every lower bound.

    If K = L L^T + E and every row of E has the margin E_ii - sum_j |E_ij| >= c, then every eigenvalue of K is at least c:
    L L^T is positive semidefinite, and Gershgorin's bound holds for E.  L is any matrix; nothing has to be known of it. *)
From Coq Require Import Reals Lra Lia List ZArith Psatz.
From Certigram Require Import RealSums LeastEigenvalue QuadraticForms Gershgorin GramForms.
Import ListNotations.
Open Scope R_scope.

Theorem factor_bound {A} (x0 : A) (k : A -> A -> R) (row : A -> list R) (l : list A) (c : R) :
  (forall x y, In x l -> In y l -> k x y = k y x) ->
  Forall (fun a => c <= a) (margins (fun x y => k x y - real_dot (row x) (row y)) l) ->
  least_eigenvalue_at_least (length l) (fun i j => k (nth i l x0) (nth j l x0)) c.
Proof.
  intros sym H v.
  rewrite <- (quadratic_form_sum k x0 l sym), (quadratic_form_split k (fun x y => real_dot (row x) (row y))), gram_form.
  pose proof (real_dot_nonneg (combination row l v)).
  pose proof (gershgorin (fun x y => k x y - real_dot (row x) (row y)) l v).
  pose proof (weighted_squares_ge c _ H v) as W. rewrite margins_length in W. lra.
Qed.
