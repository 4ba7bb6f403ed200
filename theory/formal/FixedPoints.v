(** Fixed points of contractions on [-1, 1]: they are unique, and an interval around each is computed. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue GramForms IntegerVectors Intervals CheckedBounds Points PointKernels.
Open Scope R_scope.

(** Every fixed point is near every point that is nearly fixed. *)
Lemma near_fixed (f : R -> R) th k x : th < 1 -> k = f k -> Rabs (f k - f x) <= th * Rabs (k - x) ->
  Rabs (k - x) <= Rabs (f x - x) / (1 - th).
Proof.
  intros Ht Hk Hl. assert (H : Rabs (k - x) <= th * Rabs (k - x) + Rabs (f x - x)).
  { replace (k - x) with ((f k - f x) + (f x - x)) at 1 by lra. eapply Rle_trans; [apply Rabs_triang|]. lra. }
  apply Rmult_le_reg_r with (1 - th); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma contraction_unique (f : R -> R) th k x : th < 1 -> k = f k -> x = f x -> Rabs (f k - f x) <= th * Rabs (k - x) -> k = x.
Proof.
  intros Ht Hk Hx Hl. rewrite <- Hk, <- Hx in Hl. pose proof (Rabs_pos (k - x)).
  destruct (Req_dec (Rabs (k - x)) 0) as [E|N]; [|nra]. destruct (Req_dec (k - x) 0); [lra|]. apply Rabs_no_R0 in H0. easy.
Qed.

Module FixedPoints (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Kernels := PointKernels D F.

Section Prec.
Variable prec : F.precision.
Notation "a [+] b" := (I.add prec a b) (at level 50, left associativity).
Notation "a [-] b" := (I.sub prec a b) (at level 50, left associativity).
Notation "a [*] b" := (I.mul prec a b) (at level 40, left associativity).
Notation "a [/] b" := (I.div prec a b) (at level 40, left associativity).
Notation "[# z ]" := (ofZ prec z%Z).

(** Enclosure of every fixed point in [-1, 1] of a map with slope at most th there. *)
Definition unit_interval : I.type := I.join [# -1] [# 1].
Lemma has_unit_interval u : -1 <= u <= 1 -> has unit_interval u.
Proof.
  intros Hu. unfold has, unit_interval. 
  assert (A : forall i x y, has i x -> has i y -> x <= u <= y -> has i u).
  { unfold has. intros i x y. destruct (I.convert i) as [|l r]; simpl; [easy|]. destruct l, r; simpl; intros; lra. }
  apply (A _ (-1) 1); [apply I.join_correct; left; apply (has_ofZ prec (-1)) | apply I.join_correct; right; apply (has_ofZ prec 1) | easy].
Qed.

Section Fixed.
Variable f : R -> R.
Variable fi : I.type -> I.type.
Variables (th : R) (ith : I.type).
Hypothesis fi_ok : forall i x, -1 <= x <= 1 -> has i x -> has (fi i) (f x).
Hypothesis lip : forall x y, -1 <= x <= 1 -> -1 <= y <= 1 -> Rabs (f x - f y) <= th * Rabs (x - y).
Hypothesis ith_ok : has ith th.

(** Candidates need no proof: a step goes from a point to what is hoped to be nearer; [toward] is one that guesses the
    slope. *)
Definition toward (slope : I.type) (m : I.type) : I.type := m [+] (fi m [-] m) [/] ([# 1] [-] slope).
Fixpoint candidate (steps : nat) (step : I.type -> I.type) (x : I.type) : I.type :=
  match steps with
  | O => x
  | S s => candidate s step (step (I.singleton (I.midpoint x)))
  end.
Definition enclose (steps : nat) (step : I.type -> I.type) : I.type :=
  let x := I.singleton (I.midpoint (candidate steps step [# 0])) in
  if nonneg ([# 1] [-] I.abs x) && positive ([# 1] [-] ith)
  then x [+] unit_interval [*] (I.abs (fi x [-] x) [/] ([# 1] [-] ith)) else I.nai.

Lemma enclose_ok steps step k : -1 <= k <= 1 -> k = f k -> has (enclose steps step) k.
Proof.
  intros Hk Ek. unfold enclose. set (x := I.singleton _).
  assert (Hx : exists a, has x a) by (eexists; apply I.singleton_correct). destruct Hx as [a Ha].
  destruct (nonneg _ && _) eqn:E; [|apply has_nan; rewrite I.nai_correct; easy].
  apply andb_true_iff in E. destruct E as [E1 E2].
  apply (nonneg_ok _ (1 - Rabs a)) in E1; [|apply has_sub; [apply (has_ofZ prec 1)|apply has_abs; easy]].
  apply (positive_ok _ (1 - th)) in E2; [|apply has_sub; [apply (has_ofZ prec 1)|easy]].
  assert (Ra : -1 <= a <= 1) by (unfold Rabs in E1; destruct (Rcase_abs a); lra).
  pose proof (near_fixed f th k a ltac:(lra) Ek (lip k a Hk Ra)) as N. set (r := Rabs (f a - a) / (1 - th)) in *.
  assert (U : exists u, -1 <= u <= 1 /\ k = a + u * r).
  { destruct (Req_dec r 0) as [Z|NZ].
    - exists 0. split; [lra|]. rewrite Z in N. pose proof (Rabs_pos (k - a)). unfold Rabs in N; destruct (Rcase_abs (k - a)); lra.
    - assert (0 < r) by (pose proof (Rabs_pos (k - a)); lra). assert (Ir : 0 < / r) by (apply Rinv_0_lt_compat; easy).
      assert (Er : r * / r = 1) by (apply Rinv_r; easy).
      exists ((k - a) * / r). split; [|rewrite Rmult_assoc, Rinv_l by easy; lra].
      assert (- r <= k - a <= r) by (unfold Rabs in N; destruct (Rcase_abs (k - a)); lra). split; nra. }
  destruct U as (u & Hu & ->). apply has_add; [easy|]. apply has_mul; [apply has_unit_interval; easy|].
  apply has_div; [apply has_abs, has_sub; auto|]. apply has_sub; [apply (has_ofZ prec 1)|easy].
Qed.
End Fixed.

End Prec.
End FixedPoints.
