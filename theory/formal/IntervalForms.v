(** Row margins and quadratic forms of a matrix that is known by intervals. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import RealSums QuadraticForms Gershgorin GramForms IntegerVectors Intervals.
Import ListNotations.
Open Scope R_scope.

Module IntervalForms (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Numbers := Intervals F.

Section Ops.
Variable prec : F.precision.

(** Row margins in intervals. *)
Section Margins.
Context {A : Type}.
Variable ie : A -> A -> I.type.
Fixpoint interval_total (l : list I.type) : I.type := match l with [] => ofZ prec 0 | x :: t => I.add prec (interval_total t) x end.
Fixpoint interval_subtract (a b : list I.type) : list I.type :=
  match a, b with x :: s, y :: t => I.sub prec x y :: interval_subtract s t | _, _ => [] end.
Fixpoint interval_margins (l : list A) : list I.type :=
  match l with
  | [] => []
  | x :: t => let m := map (fun y => I.abs (ie x y)) t in I.sub prec (ie x x) (interval_total m) :: interval_subtract (interval_margins t) m
  end.

Variable e : A -> A -> R.
Variable good : A -> Prop.
Hypothesis ie_ok : forall x y, good x -> good y -> has (ie x y) (e x y).
Lemma interval_total_ok a b : Forall2 has a b -> has (interval_total a) (total b).
Proof. induction 1; simpl; [apply has_ofZ|]. apply has_add; easy. Qed.
Lemma interval_subtract_ok a b : Forall2 has a b -> forall c d, Forall2 has c d -> Forall2 has (interval_subtract a c) (subtract b d).
Proof. induction 1; intros c d Hc; destruct Hc; simpl; constructor; auto. apply has_sub; easy. Qed.
Lemma interval_margins_ok l : Forall good l -> Forall2 has (interval_margins l) (margins e l).
Proof.
  induction l as [|x t IH]; intros H; simpl; [constructor|]. inversion H; subst.
  assert (M : Forall2 has (map (fun y => I.abs (ie x y)) t) (map (fun y => Rabs (e x y)) t)).
  { clear IH H. induction t; simpl; constructor; inversion H3; subst; auto. apply has_abs. auto. }
  constructor; [apply has_sub; auto using interval_total_ok|]. apply interval_subtract_ok; auto.
Qed.

Variable c : R.
Variable ic : I.type.
Hypothesis ic_ok : has ic c.
Definition above (l : list A) : bool := forallb (fun i => nonneg (I.sub prec i ic)) (interval_margins l).
Lemma above_ok l : Forall good l -> above l = true -> Forall (fun a => c <= a) (margins e l).
Proof.
  intros H. unfold above. generalize (interval_margins_ok l H). induction 1 as [|i r il rl Hi _ IH]; simpl; [constructor|].
  rewrite andb_true_iff. intros [H1 H2]. constructor; [|auto].
  apply (nonneg_ok _ (r - c)) in H1; [lra|]. apply has_sub; easy.
Qed.

(** Quadratic forms at integer vectors. *)
Fixpoint interval_linear_form (f : A -> I.type) (l : list A) (u : list Z) : I.type :=
  match l, u with y :: t, a :: u' => I.add prec (I.mul prec (f y) (ofZ prec a)) (interval_linear_form f t u') | _, _ => ofZ prec 0 end.
Fixpoint interval_quadratic_form (l : list A) (u : list Z) : I.type :=
  match l, u with
  | x :: t, a :: u' =>
      I.add prec (I.add prec (I.mul prec (ie x x) (I.mul prec (ofZ prec a) (ofZ prec a)))
        (I.mul prec (I.mul prec (ofZ prec 2) (ofZ prec a)) (interval_linear_form (ie x) t u'))) (interval_quadratic_form t u')
  | _, _ => ofZ prec 0
  end.
Definition coordinates (u : list Z) : nat -> R := fun i => IZR (nth i u 0%Z).
Lemma interval_linear_form_ok x l : good x -> Forall good l -> forall u, length u = length l -> has (interval_linear_form (ie x) l u) (linear_form (e x) l (coordinates u)).
Proof.
  intros Hx. induction 1 as [|y t Hy _ IH]; intros [|a u] Hu; try easy; cbn [interval_linear_form linear_form]; [apply has_ofZ..|].
  apply has_add; [apply has_mul; [apply ie_ok; easy|apply (has_ofZ prec a)]|]. apply (IH u). simpl in Hu; congruence.
Qed.
Lemma interval_quadratic_form_ok l : Forall good l -> forall u, length u = length l -> has (interval_quadratic_form l u) (quadratic_form e l (coordinates u)).
Proof.
  induction 1 as [|x t Hx Ht IH]; intros [|a u] Hu; try easy; cbn [interval_quadratic_form quadratic_form]; [apply has_ofZ..|]. simpl in Hu.
  assert (Hu' : length u = length t) by congruence.
  apply has_add; [apply has_add|apply (IH u Hu')].
  - apply has_mul; [apply ie_ok; easy|apply has_mul; apply (has_ofZ prec a)].
  - apply has_mul; [apply has_mul; [apply has_ofZ|apply (has_ofZ prec a)]|]. apply (interval_linear_form_ok x t Hx Ht u Hu').
Qed.
End Margins.

Lemma coordinates_square u : sum_below (length u) (fun i => coordinates u i * coordinates u i) = IZR (integer_dot u u).
Proof.
  induction u as [|a u IH]; [easy|]. cbn [length integer_dot]. rewrite sum_below_first, plus_IZR, mult_IZR.
  unfold coordinates in *. simpl. rewrite IH. easy.
Qed.
End Ops.
End IntervalForms.
