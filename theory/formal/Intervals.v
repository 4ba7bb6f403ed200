(** Intervals with floating ends that contain real numbers: the arithmetic of coq-interval, and what each operation keeps.

    [F] says how numbers are stored and rounded: primitive floats of the processor, or integers of any length. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
Import ListNotations.
Open Scope R_scope.

Module Intervals (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module I := FloatIntervalFull F.

(** [has i x]: the interval i contains the real number x. *)
Definition has (i : I.type) (x : R) : Prop := contains (I.convert i) (Xreal x).

Section Ops.
Variable prec : F.precision.
Definition ofZ (z : Z) := I.fromZ prec z.

Lemma has_ofZ z : has (ofZ z) (IZR z).
Proof. apply I.fromZ_correct. Qed.
Lemma has_add i j x y : has i x -> has j y -> has (I.add prec i j) (x + y).
Proof. intros Hi Hj. exact (I.add_correct prec i j _ _ Hi Hj). Qed.
Lemma has_sub i j x y : has i x -> has j y -> has (I.sub prec i j) (x - y).
Proof. intros Hi Hj. exact (I.sub_correct prec i j _ _ Hi Hj). Qed.
Lemma has_mul i j x y : has i x -> has j y -> has (I.mul prec i j) (x * y).
Proof. intros Hi Hj. exact (I.mul_correct prec i j _ _ Hi Hj). Qed.
Lemma has_nan i x : contains (I.convert i) Xnan -> has i x.
Proof. unfold has. destruct (I.convert i); simpl; easy. Qed.
Lemma has_div i j x y : has i x -> has j y -> has (I.div prec i j) (x / y).
Proof.
  intros Hi Hj. generalize (I.div_correct prec i j _ _ Hi Hj). simpl. unfold Xdiv'.
  destruct (is_zero y); [apply has_nan|easy].
Qed.
Lemma has_sqrt i x : has i x -> has (I.sqrt prec i) (sqrt x).
Proof. intros Hi. exact (I.sqrt_correct prec i _ Hi). Qed.
Lemma has_atan i x : has i x -> has (I.atan prec i) (atan x).
Proof. intros Hi. exact (I.atan_correct prec i _ Hi). Qed.
Lemma has_pi : has (I.pi prec) PI.
Proof. apply I.pi_correct. Qed.
Lemma has_abs i x : has i x -> has (I.abs i) (Rabs x).
Proof. intros Hi. exact (I.abs_correct i _ Hi). Qed.

(** The arcsine, by atan (t / sqrt (1 - t^2)).  At t = -1 and t = 1 that is a division by zero, whose interval holds
    every number. *)
Definition asin_of (t : I.type) : I.type := I.atan prec (I.div prec t (I.sqrt prec (I.sub prec (ofZ 1) (I.mul prec t t)))).
Lemma has_asin i x : -1 <= x <= 1 -> has i x -> has (asin_of i) (asin x).
Proof.
  intros Hx Hi. unfold asin_of.
  assert (S : has (I.sqrt prec (I.sub prec (ofZ 1) (I.mul prec i i))) (sqrt (1 - x * x))).
  { apply has_sqrt, has_sub; [apply has_ofZ|]. apply has_mul; easy. }
  destruct (Rlt_dec (x * x) 1) as [L|L].
  - rewrite asin_atan by nra. unfold Rsqr. apply has_atan, has_div; easy.
  - apply has_nan. replace (1 - x * x) with 0 in S by nra. rewrite sqrt_0 in S.
    pose proof (I.div_correct prec i _ _ _ Hi S) as N. simpl in N. unfold Xdiv' in N. rewrite is_zero_0 in N.
    exact (I.atan_correct prec _ _ N).
Qed.
Lemma has_exp i x : has i x -> has (I.exp prec i) (exp x).
Proof. intros Hi. exact (I.exp_correct prec i _ Hi). Qed.

Definition nonneg (i : I.type) : bool := match I.sign_large i with Xgt | Xeq => true | _ => false end.
Lemma nonneg_ok i x : has i x -> nonneg i = true -> 0 <= x.
Proof.
  intros Hi. unfold nonneg. generalize (I.sign_large_correct i). destruct (I.sign_large i); try easy.
  - intros H _. specialize (H _ Hi). injection H. intros ->. lra.
  - intros H _. destruct (H _ Hi) as [_ H']. easy.
Qed.

Definition positive (i : I.type) : bool := match I.sign_strict i with Xgt => true | _ => false end.
Lemma positive_ok i x : has i x -> positive i = true -> 0 < x.
Proof.
  intros Hi. unfold positive. generalize (I.sign_strict_correct i). destruct (I.sign_strict i); try easy.
  intros H _. destruct (H _ Hi) as [_ H']. easy.
Qed.

End Ops.
End Intervals.
