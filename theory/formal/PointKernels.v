(** Matrices whose entries are functions of the exact inner products x.x, y.y, x.y of data points. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue IntegerVectors Intervals CheckedBounds Points.
Import ListNotations.
Open Scope R_scope.

Module PointKernels (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Bounds := CheckedBounds D F.
Export Forms.Numbers.

(** A point: its number, its coordinates as the check stores them, and |x|^2. *)
Record point := Point { index : nat; vector : D.row; square : Z }.
Definition origin := Point 0 (D.ofZ []) 0.

Fixpoint points_from (i : nat) (X : list (list Z)) : list point :=
  match X with
  | [] => []
  | x :: t => (let v := D.ofZ x in Point i v (D.dot v v)) :: points_from (S i) t
  end.

Section Check.
Variable prec : F.precision.
Variable kern : Z -> Z -> Z -> I.type.    (** intervals around the entry, from |x|^2, |y|^2, x.y *)
Variable X : list (list Z).

Definition kernel_entry (x y : point) : I.type := kern (square x) (square y) (D.dot (vector x) (vector y)).
Definition points_lower := lower_check prec kernel_entry (points_from 0 X).
Definition points_upper := upper_check prec kernel_entry (points_from 0 X).

Variable K : nat -> nat -> R.
Let n := length X.
Hypothesis kern_ok : forall i j, (i < n)%nat -> (j < n)%nat -> has (kern (inner X i i) (inner X j j) (inner X i j)) (K i j).
Hypothesis symmetric : forall i j, (i < n)%nat -> (j < n)%nat -> K i j = K j i.

Definition fine (x : point) : Prop :=
  (index x < n)%nat /\ D.val (vector x) = nth (index x) X [] /\ square x = inner X (index x) (index x).

Lemma points_ok Y : forall i, skipn i X = Y -> (i <= n)%nat ->
  map index (points_from i Y) = seq i (length Y) /\ Forall fine (points_from i Y) /\ length (points_from i Y) = length Y.
Proof.
  assert (Next : forall T i (l : list T) y t, skipn i l = y :: t -> skipn (S i) l = t).
  { intros T. induction i; intros [|z l] y t H; simpl in *; try easy; [congruence|]. destruct l; apply (IHi _ _ _ H). }
  induction Y as [|y Y IH]; intros i HX Hi; [repeat constructor|].
  assert (Hn : (i < n)%nat).
  { destruct (Nat.lt_ge_cases i n); [easy|]. rewrite skipn_all2 in HX by easy. easy. }
  assert (Hy : nth i X [] = y).
  { rewrite <- (firstn_skipn i X), HX, app_nth2; rewrite firstn_length_le by (unfold n in *; lia); [|lia].
    rewrite Nat.sub_diag. easy. }
  destruct (IH (S i) (Next _ _ _ _ _ HX)) as (E & G & Len); [lia|]. cbn [points_from]. cbv zeta.
  cbn [map length seq index]. rewrite E, Len. split; [easy|]. split; [|easy]. constructor; [|easy].
  unfold fine, inner. cbn [index vector square]. rewrite D.dot_ok, D.ofZ_ok, Hy. easy.
Qed.

Lemma kernel_entry_ok x y : fine x -> fine y -> has (kernel_entry x y) (K (index x) (index y)).
Proof.
  intros (Nx & Vx & Qx) (Ny & Vy & Qy). unfold kernel_entry. rewrite Qx, Qy, D.dot_ok, Vx, Vy. apply kern_ok; easy.
Qed.

Theorem points_lower_ok divisor L num den : points_lower divisor L num den = true ->
  least_eigenvalue_at_least n K (IZR num / IZR den).
Proof.
  destruct (points_ok X 0 eq_refl (Nat.le_0_l _)) as (E & G & Len). unfold n. rewrite <- Len.
  apply (lower_ok origin prec index kernel_entry (points_from 0 X) K fine); rewrite ?Len; auto using kernel_entry_ok.
Qed.

Theorem points_upper_ok u num den : points_upper u num den = true ->
  least_eigenvalue_at_most n K (IZR num / IZR den).
Proof.
  destruct (points_ok X 0 eq_refl (Nat.le_0_l _)) as (E & G & Len). unfold n. rewrite <- Len.
  apply (upper_ok origin prec index kernel_entry (points_from 0 X) K fine); rewrite ?Len; auto using kernel_entry_ok.
Qed.
End Check.
End PointKernels.
