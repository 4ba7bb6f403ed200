(** Gershgorin's bound: a quadratic form is at least the sum of its row margins times squares. *)
From Coq Require Import Reals Lra Lia List ZArith Psatz.
From Certigram Require Import RealSums QuadraticForms.
Import ListNotations.
Open Scope R_scope.

Section Margins.
Context {A : Type}.
Variable d : A -> A -> R.

(** The sum of w_i v_i^2. *)
Fixpoint weighted_squares (w : list R) (v : nat -> R) : R :=
  match w with [] => 0 | a :: t => a * (v O * v O) + weighted_squares t (rest v) end.

Fixpoint subtract (a b : list R) : list R :=
  match a, b with x :: s, y :: t => (x - y) :: subtract s t | _, _ => [] end.

Fixpoint total (l : list R) : R := match l with [] => 0 | x :: t => total t + x end.

(** Row margins: diagonal minus the moduli off it, built up from the end of the list. *)
Fixpoint margins (l : list A) : list R :=
  match l with
  | [] => []
  | x :: t => let m := map (fun y => Rabs (d x y)) t in (d x x - total m) :: subtract (margins t) m
  end.

Lemma margins_length l : length (margins l) = length l.
Proof.
  induction l as [|x t IH]; simpl; [easy|]. f_equal.
  assert (H : forall a b, length a = length b -> length (subtract a b) = length b).
  { induction a; destruct b; simpl; intros; try easy. f_equal. apply IHa. congruence. }
  rewrite H; rewrite map_length; easy.
Qed.

Lemma weighted_squares_subtract a : forall b v, length a = length b -> weighted_squares (subtract a b) v = weighted_squares a v - weighted_squares b v.
Proof. induction a; destruct b; simpl; intros; try easy; try lra. rewrite IHa by congruence. lra. Qed.

Lemma cross_bound (f : A -> R) (l : list A) : forall v x,
  - (total (map (fun y => Rabs (f y)) l) * (x * x)) - weighted_squares (map (fun y => Rabs (f y)) l) v <= 2 * x * linear_form f l v.
Proof.
  induction l as [|y t IH]; intros v x; simpl; [lra|].
  specialize (IH (rest v) x).
  assert (- (Rabs (f y) * (x * x)) - Rabs (f y) * (v O * v O) <= 2 * x * (f y * v O)).
  { pose proof (Rle_0_sqr (x - v O)) as P. pose proof (Rle_0_sqr (x + v O)) as Q. unfold Rsqr in *.
    unfold Rabs; destruct (Rcase_abs (f y)); nra. }
  lra.
Qed.

Theorem gershgorin l : forall v, weighted_squares (margins l) v <= quadratic_form d l v.
Proof.
  induction l as [|x t IH]; intros v; simpl; [lra|].
  rewrite weighted_squares_subtract by (rewrite margins_length, map_length; easy).
  pose proof (cross_bound (d x) t (rest v) (v O)). specialize (IH (rest v)). lra.
Qed.

Lemma weighted_squares_ge c w : Forall (fun a => c <= a) w -> forall v, c * sum_below (length w) (fun i => v i * v i) <= weighted_squares w v.
Proof.
  induction 1 as [|a w Ha _ IH]; intros v; [simpl; lra|].
  cbn [length]. rewrite sum_below_first. simpl. specialize (IH (rest v)). change (c * sum_below (length w) (fun i => v (S i) * v (S i)) <= weighted_squares w (rest v)) in IH.
  pose proof (Rmult_le_compat_r _ _ _ (Rle_0_sqr (v O)) Ha). unfold Rsqr in *. lra.
Qed.

End Margins.
