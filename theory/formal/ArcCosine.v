(** The arc-cosine kernel: E relu(u) relu(v) for standard Gaussian u, v whose correlation is the cosine of two points.

    That the closed form below is this expectation (Cho and Saul 2009) is not proved here. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue GramForms IntegerVectors Intervals CheckedBounds Points PointKernels.
Import ListNotations.
Open Scope R_scope.

(** * What is stated *)
Definition arc_cosine (rho : R) : R := (sqrt (1 - rho ^ 2) + rho * (PI - acos rho)) / (2 * PI).

Definition arc_cosine_matrix (X : list (list Z)) (i j : nat) : R := arc_cosine (cosine X i j).

(** * How it is evaluated: at integers a = |x|^2, b = |y|^2, g = x.y *)
Section Formula.
Variables (a b g : Z) (Ha : (0 < a)%Z) (Hb : (0 < b)%Z).
Let q := (a * b)%Z.
Let p := (a * b - g * g)%Z.
Let rho := IZR g / (sqrt (IZR a) * sqrt (IZR b)).

Lemma arc_cosine_formula : (0 < p)%Z ->
  arc_cosine rho = (sqrt (IZR p) / sqrt (IZR q) + IZR g / sqrt (IZR q) * (PI / IZR 2 + atan (IZR g / sqrt (IZR p)))) / (IZR 2 * PI).
Proof.
  intros Hp. assert (CS : sqrt (1 - rho ^ 2) = sqrt (IZR p) / sqrt (IZR q) /\ 0 < sqrt (IZR p) /\ -1 < rho < 1) by (apply (cos_sine a b g Ha Hb Hp)).
  destruct CS as (S & Pp & R1). pose proof (root_pos a b g Ha Hb : 0 < sqrt (IZR q)) as Pq. unfold arc_cosine. rewrite S. do 2 f_equal.
  replace (IZR g / sqrt (IZR q)) with rho by (unfold rho, q; rewrite (root_product a b Ha Hb); easy). f_equal.
  rewrite acos_asin, asin_atan by lra. replace (rho²) with (rho ^ 2) by (unfold Rsqr; lra). rewrite S.
  replace (rho / (sqrt (IZR p) / sqrt (IZR q))) with (IZR g / sqrt (IZR p)).
  - lra.
  - unfold rho. rewrite (root_product a b Ha Hb); fold q. field. lra.
Qed.
End Formula.

Lemma arc_cosine_one : arc_cosine 1 = 1 / 2.
Proof.
  unfold arc_cosine. rewrite acos_1. replace (1 - 1 ^ 2) with 0 by lra. rewrite sqrt_0. field. apply PI_neq0.
Qed.
Lemma arc_cosine_minus_one : arc_cosine (- (1)) = 0.
Proof.
  unfold arc_cosine. rewrite acos_opp, acos_1. replace (1 - (- (1)) ^ 2) with 0 by ring. rewrite sqrt_0. field. apply PI_neq0.
Qed.

(** * The check *)
Module ArcCosine (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Kernels := PointKernels D F.

Section Prec.
Variable prec : F.precision.

Definition kern (a b g : Z) : I.type :=
  let q := (a * b)%Z in let p := (q - g * g)%Z in
  if (p =? 0)%Z && (0 <? g)%Z then I.div prec (ofZ prec 1) (ofZ prec 2)
  else if (p =? 0)%Z && (g <? 0)%Z then ofZ prec 0
  else if (p <=? 0)%Z then I.nai
  else
    let sp := I.sqrt prec (ofZ prec p) in let sq := I.sqrt prec (ofZ prec q) in let ig := ofZ prec g in
    I.div prec
      (I.add prec (I.div prec sp sq)
         (I.mul prec (I.div prec ig sq)
            (I.add prec (I.div prec (I.pi prec) (ofZ prec 2)) (I.atan prec (I.div prec ig sp)))))
      (I.mul prec (ofZ prec 2) (I.pi prec)).

Lemma kern_ok a b g : (0 < a)%Z -> (0 < b)%Z -> has (kern a b g) (arc_cosine (IZR g / (sqrt (IZR a) * sqrt (IZR b)))).
Proof.
  intros Ha Hb. unfold kern. destruct (_ && _) eqn:E.
  - apply andb_true_iff in E. destruct E as [E1 E2]. apply Z.eqb_eq in E1. apply Z.ltb_lt in E2.
    rewrite (cos_one a b g Ha Hb E1 E2), arc_cosine_one. apply has_div; apply has_ofZ.
  - clear E. destruct (_ && _) eqn:E.
    + apply andb_true_iff in E. destruct E as [E1 E2]. apply Z.eqb_eq in E1. apply Z.ltb_lt in E2.
      pose proof (cos_one a b (- g) Ha Hb ltac:(lia) ltac:(lia)) as C. cbv zeta in C. rewrite opp_IZR in C.
      replace (IZR g / (sqrt (IZR a) * sqrt (IZR b))) with (- (- IZR g / (sqrt (IZR a) * sqrt (IZR b)))) by (unfold Rdiv; ring).
      rewrite C, arc_cosine_minus_one. apply has_ofZ.
    + destruct (Z.leb_spec (a * b - g * g) 0) as [H|H]; [apply has_nan; rewrite I.nai_correct; easy|].
      rewrite arc_cosine_formula by easy.
      repeat first [apply has_div | apply has_add | apply has_mul | apply has_sqrt | apply has_atan | apply has_pi | apply has_ofZ].
Qed.

Definition check_lower X divisor L num den : bool := all_nonzero X && points_lower prec kern X divisor L num den.
Definition check_upper X u num den : bool := all_nonzero X && points_upper prec kern X u num den.

Theorem lower X divisor L num den : check_lower X divisor L num den = true ->
  least_eigenvalue_at_least (length X) (arc_cosine_matrix X) (IZR num / IZR den).
Proof.
  unfold check_lower. rewrite andb_true_iff. intros [N C]. pose proof (all_nonzero_ok X N) as P.
  revert C. apply points_lower_ok.
  - intros. apply kern_ok; auto.
  - intros i j _ _. unfold arc_cosine_matrix. rewrite cosine_sym. easy.
Qed.

Theorem upper X u num den : check_upper X u num den = true ->
  least_eigenvalue_at_most (length X) (arc_cosine_matrix X) (IZR num / IZR den).
Proof.
  unfold check_upper. rewrite andb_true_iff. intros [N C]. pose proof (all_nonzero_ok X N) as P.
  revert C. apply points_upper_ok.
  - intros. apply kern_ok; auto.
  - intros i j _ _. unfold arc_cosine_matrix. rewrite cosine_sym. easy.
Qed.
End Prec.
End ArcCosine.
