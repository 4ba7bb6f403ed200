(** Quadratic forms of symmetric matrices whose rows belong to the elements of a list.

    A check walks along a list of data (points, rows); so the form is defined by recursion along the list, and
    [quadratic_form_sum] says that it is the double sum of the statement. *)
From Coq Require Import Reals Lra Lia List ZArith Psatz.
From Certigram Require Import RealSums.
Import ListNotations.
Open Scope R_scope.

Section Forms.
Context {A : Type}.

(** The coordinates from the second one on. *)
Definition rest (v : nat -> R) : nat -> R := fun i => v (S i).

(** The sum of f y v_y. *)
Fixpoint linear_form (f : A -> R) (l : list A) (v : nat -> R) : R :=
  match l with [] => 0 | y :: t => f y * v O + linear_form f t (rest v) end.

(** d x x v_0^2 + 2 v_0 sum_y d x y v_y, and so on along the list. *)
Variable d : A -> A -> R.
Fixpoint quadratic_form (l : list A) (v : nat -> R) : R :=
  match l with
  | [] => 0
  | x :: t => d x x * (v O * v O) + 2 * v O * linear_form (d x) t (rest v) + quadratic_form t (rest v)
  end.

(** The list quadratic_form is the double sum. *)
Variable x0 : A.

Lemma linear_form_sum f l : forall v, linear_form f l v = sum_below (length l) (fun i => f (nth i l x0) * v i).
Proof. induction l as [|y t IH]; intros v; [easy|]. cbn [length]. rewrite sum_below_first. simpl. rewrite IH. easy. Qed.

Theorem quadratic_form_sum l : (forall x y, In x l -> In y l -> d x y = d y x) -> forall v,
  quadratic_form l v = sum_below (length l) (fun i => sum_below (length l) (fun j => d (nth i l x0) (nth j l x0) * v i * v j)).
Proof.
  induction l as [|x t IH]; intros sym v; [easy|].
  cbn [length quadratic_form]. rewrite sum_below_first.
  rewrite (sum_below_ext _ (fun i => sum_below (S (length t)) _) (fun i =>
     v O * (d x (nth i t x0) * v (S i)) + sum_below (length t) (fun j => d (nth i t x0) (nth j t x0) * rest v i * rest v j))).
  2:{ intros i Hi. rewrite sum_below_first. simpl. rewrite (sym _ x) by (simpl; auto using nth_In). unfold rest. lra. }
  rewrite sum_below_plus, sum_below_scale, <- IH, sum_below_first by (intros; apply sym; simpl; auto). simpl.
  rewrite (sum_below_ext _ (fun i => d x (nth i t x0) * v O * v (S i)) (fun i => v O * (d x (nth i t x0) * v (S i)))) by (intros; lra).
  rewrite sum_below_scale, linear_form_sum. unfold rest. lra.
Qed.
End Forms.

Section Sum.
Context {A : Type}.
Lemma quadratic_form_split (k s : A -> A -> R) l : forall v, quadratic_form k l v = quadratic_form s l v + quadratic_form (fun x y => k x y - s x y) l v.
Proof.
  assert (L : forall (f g : A -> R) l v, linear_form f l v = linear_form g l v + linear_form (fun y => f y - g y) l v).
  { induction l0; intros; simpl; [lra|]. rewrite IHl0. lra. }
  induction l as [|x t IH]; intros v; simpl; [lra|]. rewrite IH, (L (k x) (s x)). lra.
Qed.
End Sum.

