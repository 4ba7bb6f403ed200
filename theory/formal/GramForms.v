(** Gram matrices of rows: their quadratic forms are squares of norms, hence not negative. *)
From Coq Require Import Reals Lra Lia List ZArith Psatz.
From Certigram Require Import RealSums QuadraticForms.
Import ListNotations.
Open Scope R_scope.

Fixpoint real_dot (a b : list R) : R := match a, b with x :: s, y :: t => x * y + real_dot s t | _, _ => 0 end.

Fixpoint add_rows (a b : list R) : list R :=
  match a, b with [], _ => b | _, [] => a | x :: s, y :: t => (x + y) :: add_rows s t end.

Lemma real_dot_comm a : forall b, real_dot a b = real_dot b a.
Proof. induction a; destruct b; simpl; try easy. rewrite IHa. lra. Qed.
Lemma real_dot_add a : forall b c, real_dot (add_rows a b) c = real_dot a c + real_dot b c.
Proof. induction a; destruct b, c; simpl; try lra. rewrite IHa. lra. Qed.
Lemma real_dot_scale r a : forall c, real_dot (map (Rmult r) a) c = r * real_dot a c.
Proof. induction a; destruct c; simpl; try lra. rewrite IHa. lra. Qed.
Lemma real_dot_nonneg a : 0 <= real_dot a a.
Proof. induction a; simpl; nra. Qed.

Section Gram.
Context {A : Type}.
Variable row : A -> list R.
Fixpoint combination (l : list A) (v : nat -> R) : list R :=
  match l with [] => [] | x :: t => add_rows (map (Rmult (v O)) (row x)) (combination t (rest v)) end.

Lemma linear_form_gram x l : forall v, linear_form (fun y => real_dot (row x) (row y)) l v = real_dot (combination l v) (row x).
Proof.
  induction l as [|y t IH]; intros v; simpl; [easy|].
  rewrite real_dot_add, real_dot_scale, IH, (real_dot_comm (row x)). lra.
Qed.

Theorem gram_form l : forall v, quadratic_form (fun x y => real_dot (row x) (row y)) l v = real_dot (combination l v) (combination l v).
Proof.
  induction l as [|x t IH]; intros v; simpl; [easy|].
  rewrite linear_form_gram, IH, !real_dot_add, !real_dot_scale.
  rewrite !(real_dot_comm _ (add_rows _ _)), !real_dot_add, !real_dot_scale, (real_dot_comm (row x) (combination _ _)). lra.
Qed.
End Gram.

Lemma real_dot_sum a : forall b d, (length a <= d)%nat -> real_dot a b = sum_below d (fun k => nth k a 0 * nth k b 0).
Proof.
  induction a as [|x a IH]; intros b d H.
  - simpl. rewrite sum_below_zero; [easy|]. intros [|k] _; simpl; ring.
  - destruct d; [simpl in H; lia|]. rewrite sum_below_first. destruct b as [|y b]; simpl.
    + rewrite sum_below_zero; [ring|]. intros k _. destruct k; ring.
    + rewrite (IH b d) by (simpl in H; lia). easy.
Qed.

