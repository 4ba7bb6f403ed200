(** The arcsine kernel: one hidden layer of erf, for inputs of any norms, none zero.

    The covariance of the pre-activations of two points is [scale] times their inner product plus [bias]. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue GramForms IntegerVectors Intervals CheckedBounds Points PointKernels ErfDual.
Import ListNotations.
Open Scope R_scope.

(** * What is stated *)
Definition arcsine_matrix (scale bias : R) (X : list (list Z)) (i j : nat) : R :=
  let covariance a b := scale * IZR (inner X a b) + bias in
  erf_dual (covariance i i) (covariance i j) (covariance j j).

(** * The check *)
Module Arcsine (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Kernels := PointKernels D F.

Section Prec.
Variable prec : F.precision.
Notation "a [+] b" := (I.add prec a b) (at level 50, left associativity).
Notation "a [-] b" := (I.sub prec a b) (at level 50, left associativity).
Notation "a [*] b" := (I.mul prec a b) (at level 40, left associativity).
Notation "a [/] b" := (I.div prec a b) (at level 40, left associativity).
Notation "[# z ]" := (ofZ prec z%Z).
Ltac known := repeat first [eassumption | apply has_add | apply has_sub | apply has_mul | apply has_div | apply has_sqrt | apply has_pi | apply has_ofZ].

Variables p q r : Z.                      (** scale = p / r, bias = q / r *)
Hypothesis signs : (0 <= p)%Z /\ (0 <= q)%Z /\ (0 < r)%Z.
Definition kern (a b g : Z) : I.type :=
  let twice (z : Z) := ofZ prec (2 * (p * z + q)) [/] ofZ prec r in
  [# 2] [/] I.pi prec [*] asin_of prec (twice g [/] I.sqrt prec (([# 1] [+] twice a) [*] ([# 1] [+] twice b))).

Lemma kern_ok X i j : (0 < inner X i i)%Z -> (0 < inner X j j)%Z ->
  has (kern (inner X i i) (inner X j j) (inner X i j)) (arcsine_matrix (IZR p / IZR r) (IZR q / IZR r) X i j).
Proof.
  intros Pi Pj. unfold kern, arcsine_matrix, erf_dual. apply has_mul; [known|].
  destruct signs as (S1 & S2 & S3). apply IZR_le in S1, S2. apply IZR_lt in S3.
  set (sc := IZR p / IZR r). set (bi := IZR q / IZR r).
  assert (Hsc : 0 <= sc) by (apply Rmult_le_pos; [easy|apply Rlt_le, Rinv_0_lt_compat; easy]).
  assert (Hbi : 0 <= bi) by (apply Rmult_le_pos; [easy|apply Rlt_le, Rinv_0_lt_compat; easy]).
  assert (E : forall z, 2 * (sc * IZR z + bi) = IZR (2 * (p * z + q)) / IZR r).
  { intros. unfold sc, bi. rewrite mult_IZR, plus_IZR, mult_IZR. field. lra. }
  apply has_asin; [|rewrite !E; known].
  pose proof (cauchy_schwarz (map IZR (nth i X [])) (map IZR (nth j X []))) as C. rewrite <- !integer_dot_real in C.
  change (0 < IZR (inner X j j) -> IZR (inner X i j) * IZR (inner X i j) <= IZR (inner X i i) * IZR (inner X j j)) in C.
  apply IZR_lt in Pi, Pj. specialize (C Pj).
  set (a := IZR (inner X i i)) in *. set (b := IZR (inner X j j)) in *. set (g := IZR (inner X i j)) in *.
  assert (M : - (a + b) <= 2 * g <= a + b).
  { assert (S : Rsqr (2 * g) <= Rsqr (a + b)) by (unfold Rsqr; pose proof (Rle_0_sqr (a - b)); unfold Rsqr in *; nra).
    apply Rsqr_incr_0_var in S as U; [|lra]. apply Rsqr_neg_pos_le_0 in S; lra. }
  set (ca := sc * a + bi). set (cb := sc * b + bi). set (cg := sc * g + bi).
  assert (Pa : 0 <= ca) by (unfold ca; nra). assert (Pb : 0 <= cb) by (unfold cb; nra).
  assert (Q : cg * cg <= ca * cb).
  { unfold ca, cb, cg. assert (sc * sc * (g * g) <= sc * sc * (a * b)) by (apply Rmult_le_compat_l; nra).
    assert (sc * bi * (2 * g) <= sc * bi * (a + b)) by (apply Rmult_le_compat_l; nra). nra. }
  assert (P : 0 < (1 + 2 * ca) * (1 + 2 * cb)) by (apply Rmult_lt_0_compat; lra).
  set (m := sqrt _). assert (Pm : 0 < m) by (apply sqrt_lt_R0; easy).
  assert (Em : m * m = (1 + 2 * ca) * (1 + 2 * cb)) by (apply sqrt_sqrt; lra).
  assert (L : (2 * cg) * (2 * cg) < m * m) by (rewrite Em; nra).
  assert (0 < / m) by (apply Rinv_0_lt_compat; easy). assert (m * / m = 1) by (apply Rinv_r; lra).
  assert (B : - m < 2 * cg < m) by nra. unfold Rdiv. split; nra.
Qed.

Lemma arcsine_sym X i j :
  arcsine_matrix (IZR p / IZR r) (IZR q / IZR r) X i j = arcsine_matrix (IZR p / IZR r) (IZR q / IZR r) X j i.
Proof. unfold arcsine_matrix, erf_dual. rewrite (inner_sym X i j), (Rmult_comm (1 + _)). easy. Qed.

Definition check_lower X divisor L num den : bool := all_nonzero X && points_lower prec kern X divisor L num den.
Definition check_upper X u num den : bool := all_nonzero X && points_upper prec kern X u num den.

Theorem lower X divisor L num den : check_lower X divisor L num den = true ->
  least_eigenvalue_at_least (length X) (arcsine_matrix (IZR p / IZR r) (IZR q / IZR r) X) (IZR num / IZR den).
Proof.
  unfold check_lower. rewrite andb_true_iff. intros [N C]. pose proof (all_nonzero_ok X N) as P.
  revert C. apply points_lower_ok; intros; [apply kern_ok; auto|apply arcsine_sym].
Qed.
Theorem upper X u num den : check_upper X u num den = true ->
  least_eigenvalue_at_most (length X) (arcsine_matrix (IZR p / IZR r) (IZR q / IZR r) X) (IZR num / IZR den).
Proof.
  unfold check_upper. rewrite andb_true_iff. intros [N C]. pose proof (all_nonzero_ok X N) as P.
  revert C. apply points_upper_ok; intros; [apply kern_ok; auto|apply arcsine_sym].
Qed.
End Prec.
End Arcsine.
