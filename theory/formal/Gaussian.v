(** The Gaussian kernel of the distance of points: exp (- rate |x - y|^2). *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue GramForms IntegerVectors Intervals CheckedBounds Points PointKernels.
Import ListNotations.
Open Scope R_scope.

(** * What is stated *)
(** |x_i - x_j|^2 *)
Definition squared_distance (X : list (list Z)) (i j : nat) : Z := (inner X i i + inner X j j - 2 * inner X i j)%Z.

Definition gaussian_matrix (rate : R) (X : list (list Z)) (i j : nat) : R := exp (- (rate * IZR (squared_distance X i j))).

(** * The check *)
Module Gaussian (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Kernels := PointKernels D F.

Section Check.
Variable prec : F.precision.
Variables p q : Z.                        (** the rate is p / q *)
Definition kern (d : I.type) (a b g : Z) : I.type := I.exp prec (I.div prec (ofZ prec (- (p * (a + b - 2 * g)))) d).
Definition check_lower X divisor L num den : bool := points_lower prec (kern (ofZ prec q)) X divisor L num den.
Definition check_upper X u num den : bool := points_upper prec (kern (ofZ prec q)) X u num den.

Lemma kern_ok X i j : has (kern (ofZ prec q) (inner X i i) (inner X j j) (inner X i j)) (gaussian_matrix (IZR p / IZR q) X i j).
Proof.
  unfold kern, gaussian_matrix, squared_distance. set (z := (_ + _ - _)%Z).
  replace (- (IZR p / IZR q * IZR z)) with (IZR (- (p * z)) / IZR q) by (rewrite opp_IZR, mult_IZR; unfold Rdiv; ring).
  apply has_exp, has_div; apply has_ofZ.
Qed.
Lemma gaussian_sym X i j : gaussian_matrix (IZR p / IZR q) X i j = gaussian_matrix (IZR p / IZR q) X j i.
Proof. unfold gaussian_matrix, squared_distance. rewrite (inner_sym X i j). do 4 f_equal. lia. Qed.

Theorem lower X divisor L num den : check_lower X divisor L num den = true ->
  least_eigenvalue_at_least (length X) (gaussian_matrix (IZR p / IZR q) X) (IZR num / IZR den).
Proof. apply points_lower_ok; intros; [apply kern_ok|apply gaussian_sym]. Qed.
Theorem upper X u num den : check_upper X u num den = true ->
  least_eigenvalue_at_most (length X) (gaussian_matrix (IZR p / IZR q) X) (IZR num / IZR den).
Proof. apply points_upper_ok; intros; [apply kern_ok|apply gaussian_sym]. Qed.
End Check.
End Gaussian.
