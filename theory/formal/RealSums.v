(** Finite sums of real numbers. *)
From Coq Require Import Reals Lra Lia List ZArith Psatz.
Import ListNotations.
Open Scope R_scope.

(** Finite sums: [sum_below n f] is f 0 + ... + f (n-1). *)
Fixpoint sum_below (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S m => sum_below m f + f m end.

Lemma sum_below_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> sum_below n f = sum_below n g.
Proof. induction n; simpl; intros H; [easy|]. rewrite IHn, H by auto with arith. easy. Qed.

Lemma sum_below_plus n f g : sum_below n (fun i => f i + g i) = sum_below n f + sum_below n g.
Proof. induction n; simpl; [lra|]. rewrite IHn; lra. Qed.

Lemma sum_below_scale n a f : sum_below n (fun i => a * f i) = a * sum_below n f.
Proof. induction n; simpl; [lra|]. rewrite IHn; lra. Qed.

Lemma sum_below_first n f : sum_below (S n) f = f O + sum_below n (fun i => f (S i)).
Proof. induction n; simpl in *; [lra|]. rewrite <- Rplus_assoc, <- IHn. easy. Qed.

Lemma sum_below_le n f g : (forall i, (i < n)%nat -> f i <= g i) -> sum_below n f <= sum_below n g.
Proof. induction n; simpl; intros H; [lra|]. apply Rplus_le_compat; auto with arith. Qed.

Lemma sum_below_zero n f : (forall i, (i < n)%nat -> f i = 0) -> sum_below n f = 0.
Proof. induction n; simpl; intros H; [easy|]. rewrite IHn, H by auto with arith. lra. Qed.
Lemma sum_below_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum_below n f.
Proof. intros H. rewrite <- (sum_below_zero n (fun _ => 0)) by easy. apply sum_below_le, H. Qed.
Lemma sum_below_swap n m f : sum_below n (fun i => sum_below m (fun j => f i j)) = sum_below m (fun j => sum_below n (fun i => f i j)).
Proof. induction n; simpl; [rewrite sum_below_zero; easy|]. rewrite IHn, <- sum_below_plus. easy. Qed.
