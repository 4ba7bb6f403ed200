(** What every exported theorem states: bounds of the least eigenvalue of a symmetric matrix.

    A matrix of order n is a function [K] of two indices below n.  Its least eigenvalue is the minimum of the Rayleigh
    quotients v^T K v / v^T v over v <> 0 (Courant and Fischer), so a lower bound speaks of all vectors and an upper
    bound of one. *)
From Coq Require Import Reals Lra Lia List ZArith Psatz.
From Certigram Require Import RealSums.
Import ListNotations.
Open Scope R_scope.

(** Every eigenvalue of K is at least c: v^T K v >= c v^T v for all v. *)
Definition least_eigenvalue_at_least (n : nat) (K : nat -> nat -> R) (c : R) : Prop :=
  forall v : nat -> R,
    c * sum_below n (fun i => v i * v i) <= sum_below n (fun i => sum_below n (fun j => K i j * v i * v j)).

(** Some eigenvalue of K is at most c: v^T K v <= c v^T v for one vector v that is not zero. *)
Definition least_eigenvalue_at_most (n : nat) (K : nat -> nat -> R) (c : R) : Prop :=
  exists v : nat -> R, 0 < sum_below n (fun i => v i * v i) /\
    sum_below n (fun i => sum_below n (fun j => K i j * v i * v j)) <= c * sum_below n (fun i => v i * v i).

(** The two speak of one number: a lower bound is never above an upper bound. *)
Theorem lower_le_upper n K a b : least_eigenvalue_at_least n K a -> least_eigenvalue_at_most n K b -> a <= b.
Proof. intros A (v & P & B). specialize (A v). nra. Qed.

(** A smaller number is a lower bound too, a larger one an upper bound. *)
Theorem at_least_weaken n K a b : a <= b -> least_eigenvalue_at_least n K b -> least_eigenvalue_at_least n K a.
Proof.
  intros L H v. eapply Rle_trans; [|apply H]. apply Rmult_le_compat_r; [|easy].
  apply sum_below_nonneg. intros i _. apply Rle_0_sqr.
Qed.

(** Only the entries below n matter. *)
Theorem at_least_ext n K K' c : (forall i j, (i < n)%nat -> (j < n)%nat -> K i j = K' i j) ->
  least_eigenvalue_at_least n K c -> least_eigenvalue_at_least n K' c.
Proof.
  intros E H v. eapply Rle_trans; [apply H|]. right. apply sum_below_ext. intros i Hi. apply sum_below_ext. intros j Hj.
  rewrite E by easy. easy.
Qed.
