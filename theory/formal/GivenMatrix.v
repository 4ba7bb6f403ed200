(** A symmetric matrix that is given by its entries, rational numbers with one denominator. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue IntegerVectors Intervals CheckedBounds.
Import ListNotations.
Open Scope R_scope.

(** * What is stated *)
(** The symmetric matrix whose lower triangle has these rows, over [den]: row i holds the entries of columns 0 to i. *)
Definition given_matrix (rows : list (list Z)) (den : Z) (i j : nat) : R :=
  IZR (if Nat.leb j i then nth j (nth i rows []) 0%Z else nth i (nth j rows []) 0%Z) / IZR den.

Lemma given_matrix_sym rows den i j : given_matrix rows den i j = given_matrix rows den j i.
Proof.
  unfold given_matrix. destruct (Nat.leb_spec j i), (Nat.leb_spec i j); try easy; [|lia].
  replace j with i by lia. easy.
Qed.

(** * The check *)
Module GivenMatrix (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Bounds := CheckedBounds D F.
Export Forms.Numbers.

Section Check.
Variable prec : F.precision.
Variable rows : list (list Z).
Variable den : Z.

Definition numbered : list (nat * list Z) := combine (seq 0 (length rows)) rows.
Definition given_entry (d : I.type) (x y : nat * list Z) : I.type :=
  I.div prec (ofZ prec (if Nat.leb (fst y) (fst x) then nth (fst y) (snd x) 0%Z else nth (fst x) (snd y) 0%Z)) d.

Definition check_lower (divisor : Z) (L : list D.witness) (num cden : Z) : bool :=
  lower_check prec (given_entry (ofZ prec den)) numbered divisor L num cden.
Definition check_upper (u : list Z) (num cden : Z) : bool :=
  upper_check prec (given_entry (ofZ prec den)) numbered u num cden.

Definition fine (x : nat * list Z) : Prop := snd x = nth (fst x) rows [].

Lemma numbered_ok : map fst numbered = seq 0 (length rows) /\ Forall fine numbered /\ length numbered = length rows.
Proof.
  assert (Len : length numbered = length rows) by (unfold numbered; rewrite combine_length, seq_length; lia).
  assert (E : map fst numbered = seq 0 (length rows)).
  { unfold numbered. assert (H : forall (l : list (list Z)) i, map fst (combine (seq i (length l)) l) = seq i (length l)).
    { induction l as [|x l IH]; intros i; simpl; [easy|]. rewrite IH. easy. } apply H. }
  split; [easy|]. split; [|easy]. apply Forall_forall. intros x Hx.
  destruct (In_nth _ _ (0%nat, []) Hx) as (k & Hk & Ek). rewrite Len in Hk. rewrite <- Ek. unfold fine, numbered.
  rewrite combine_nth by (rewrite seq_length; easy). cbn [fst snd]. rewrite seq_nth by easy. easy.
Qed.

Lemma given_entry_ok x y : fine x -> fine y -> has (given_entry (ofZ prec den) x y) (given_matrix rows den (fst x) (fst y)).
Proof. intros Hx Hy. unfold given_entry, given_matrix. rewrite Hx, Hy. apply has_div; apply has_ofZ. Qed.

Theorem lower divisor L num cden : check_lower divisor L num cden = true ->
  least_eigenvalue_at_least (length rows) (given_matrix rows den) (IZR num / IZR cden).
Proof.
  destruct numbered_ok as (E & G & Len). rewrite <- Len.
  apply (lower_ok (0%nat, []) prec fst _ numbered (given_matrix rows den) fine); rewrite ?Len;
    auto using given_entry_ok, given_matrix_sym.
Qed.

Theorem upper u num cden : check_upper u num cden = true ->
  least_eigenvalue_at_most (length rows) (given_matrix rows den) (IZR num / IZR cden).
Proof.
  destruct numbered_ok as (E & G & Len). rewrite <- Len.
  apply (upper_ok (0%nat, []) prec fst _ numbered (given_matrix rows den) fine); rewrite ?Len;
    auto using given_entry_ok, given_matrix_sym.
Qed.
End Check.
End GivenMatrix.
