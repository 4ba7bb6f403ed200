(** Exact inner products of vectors of integers.

    [BinaryVectors] computes with the binary integers of the standard library and needs no axiom; [WordVectors] with
    words of 63 bits of the processor (primitive integers), as many as a number needs: much faster. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Coq Require Uint63 Sint63.
From Bignums Require Import BigZ.
From Certigram Require Import GramForms.
Import ListNotations.

Fixpoint integer_dot (a b : list Z) : Z := match a, b with x :: s, y :: t => (x * y + integer_dot s t)%Z | _, _ => 0%Z end.

Lemma integer_dot_real a : forall b, IZR (integer_dot a b) = real_dot (map IZR a) (map IZR b).
Proof. induction a; destruct b; simpl; try easy. rewrite plus_IZR, mult_IZR, IHa. easy. Qed.
Lemma integer_dot_comm a : forall b, integer_dot a b = integer_dot b a.
Proof. induction a; destruct b; simpl; try easy. rewrite IHa. lia. Qed.

Module Type INTEGER_VECTORS.
  Parameter row : Type.                       (** vectors as the check stores them *)
  Parameter val : row -> list Z.
  Parameter dot : row -> row -> Z.
  Parameter ofZ : list Z -> row.
  Parameter witness : Type.                   (** vectors as the exporter writes them *)
  Parameter ofW : witness -> row.
  Parameter empty : witness.
  Axiom ofZ_ok : forall l, val (ofZ l) = l.
  Axiom dot_ok : forall a b, dot a b = integer_dot (val a) (val b).
End INTEGER_VECTORS.

Module BinaryVectors <: INTEGER_VECTORS.
  Definition row := list Z.
  Definition val (r : row) := r.
  Definition dot := integer_dot.
  Definition ofZ (l : list Z) : row := l.
  Definition witness := list Z.
  Definition ofW (l : witness) : row := l.
  Definition empty : witness := [].
  Lemma ofZ_ok l : val (ofZ l) = l.
  Proof. easy. Qed.
  Lemma dot_ok a b : dot a b = integer_dot (val a) (val b).
  Proof. easy. Qed.
End BinaryVectors.

Module WordVectors <: INTEGER_VECTORS.
  Definition row := list BigZ.t_.
  Definition val (r : row) := map BigZ.to_Z r.
  Fixpoint dotB (a b : row) : BigZ.t_ :=
    match a, b with x :: s, y :: t => BigZ.add (BigZ.mul x y) (dotB s t) | _, _ => BigZ.zero end.
  Definition dot (a b : row) : Z := BigZ.to_Z (dotB a b).
  Definition ofZ (l : list Z) : row := map BigZ.of_Z l.
  Definition witness := list PrimInt63.int.
  Definition word (i : PrimInt63.int) : BigZ.t_ :=
    if Sint63.ltb i (Uint63.of_Z 0) then BigZ.Neg (BigN.N0 (Uint63.opp i)) else BigZ.Pos (BigN.N0 i).
  Definition ofW (l : witness) : row := map word l.
  Definition empty : witness := [].
  Lemma ofZ_ok l : val (ofZ l) = l.
  Proof. unfold val, ofZ. rewrite map_map. rewrite <- (map_id l) at 2. apply map_ext. intros; apply BigZ.spec_of_Z. Qed.
  Lemma dot_ok a b : dot a b = integer_dot (val a) (val b).
  Proof.
    unfold dot, val. revert b. induction a as [|x a IH]; destruct b; simpl; try easy.
    rewrite BigZ.spec_add, BigZ.spec_mul, IH. easy.
  Qed.
End WordVectors.
