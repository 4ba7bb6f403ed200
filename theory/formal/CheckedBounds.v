(** The check that the kernel of Coq computes, and why it proves a bound.

    Lower bound: given a matrix L of integers, the row margins of K - L L^T / divisor are at least the claimed number, all
    in intervals.  Upper bound: the Rayleigh quotient of K at a given vector of integers is at most the claimed
    number.  L and the vector come from outside and are not trusted. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import RealSums LeastEigenvalue QuadraticForms Gershgorin GramForms FactorBound IntegerVectors
  Intervals IntervalForms.
Import ListNotations.
Open Scope R_scope.

Module CheckedBounds (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Forms := IntervalForms F.

Section Check.
Context {A : Type}.                       (** what the check keeps of a row of the matrix *)
Variable none : A.
Variable prec : F.precision.
Variable index : A -> nat.                (** which row it is *)
Variable entry : A -> A -> I.type.        (** an interval around the entry of two rows *)
Variable items : list A.

Definition pair_entry (idivisor : I.type) (x y : A * D.row) : I.type :=
  I.sub prec (entry (fst x) (fst y)) (I.div prec (ofZ prec (D.dot (snd x) (snd y))) idivisor).

(** The claim num / den is checked with the factor L / sqrt divisor. *)
Definition lower_check (divisor : Z) (L : list D.witness) (num den : Z) : bool :=
  Nat.eqb (length L) (length items) && (0 <? divisor)%Z &&
  above prec (pair_entry (ofZ prec divisor)) (I.div prec (ofZ prec num) (ofZ prec den))
    (combine items (map D.ofW L)).

(** The claim num / den is checked with the vector u. *)
Definition upper_check (u : list Z) (num den : Z) : bool :=
  Nat.eqb (length u) (length items) && (0 <? integer_dot u u)%Z &&
  nonneg (I.sub prec (I.mul prec (I.div prec (ofZ prec num) (ofZ prec den)) (ofZ prec (integer_dot u u)))
    (interval_quadratic_form prec entry items u)).

(** * Soundness *)
Variable K : nat -> nat -> R.
Variable good : A -> Prop.
Let n := length items.
Hypothesis index_ok : map index items = seq 0 n.
Hypothesis items_good : Forall good items.
Hypothesis entry_ok : forall x y, good x -> good y -> has (entry x y) (K (index x) (index y)).
Hypothesis symmetric : forall i j, (i < n)%nat -> (j < n)%nat -> K i j = K j i.

Lemma index_below x : In x items -> (index x < n)%nat.
Proof. intros H. apply (in_map index) in H. rewrite index_ok in H. apply in_seq in H. lia. Qed.

Lemma index_nth {B} (f : B -> nat) (b : B) l i : map f l = seq 0 n -> (i < n)%nat -> f (nth i l b) = i.
Proof. intros E Hi. rewrite <- (map_nth f l b i), E, seq_nth by easy. easy. Qed.

Definition real_row (divisor : Z) (x : A * D.row) : list R := map (Rmult (/ sqrt (IZR divisor))) (map IZR (D.val (snd x))).

Lemma pair_entry_ok divisor : (0 < divisor)%Z -> forall x y, good (fst x) -> good (fst y) ->
  has (pair_entry (ofZ prec divisor) x y)
    (K (index (fst x)) (index (fst y)) - real_dot (real_row divisor x) (real_row divisor y)).
Proof.
  intros Hs x y Hx Hy. unfold pair_entry. apply has_sub; [apply entry_ok; easy|]. apply IZR_lt in Hs.
  unfold real_row. rewrite real_dot_scale, real_dot_comm, real_dot_scale, real_dot_comm, <- integer_dot_real, <- D.dot_ok.
  replace (_ * _) with (IZR (D.dot (snd x) (snd y)) / IZR divisor).
  - apply has_div; apply has_ofZ.
  - rewrite <- (sqrt_sqrt (IZR divisor)) at 1 by lra. unfold Rdiv. rewrite Rinv_mult. ring.
Qed.

Theorem lower_ok divisor L num den : lower_check divisor L num den = true ->
  least_eigenvalue_at_least n K (IZR num / IZR den).
Proof.
  unfold lower_check. rewrite !andb_true_iff. intros [[HL HS] HA]. apply Nat.eqb_eq in HL. apply Z.ltb_lt in HS.
  set (l := combine items (map D.ofW L)) in *.
  assert (E : map fst l = items).
  { unfold l. clear HA l. fold n in HL. assert (M : length (map D.ofW L) = length items) by (rewrite map_length; easy).
    revert M. generalize (map D.ofW L). generalize items. induction items0 as [|x t IH]; intros [|r s] M; try easy.
    simpl in *. rewrite IH by congruence. easy. }
  assert (Ln : length l = n) by (unfold n; rewrite <- E, map_length; easy).
  assert (Ein : forall x, In x l -> In (fst x) items) by (intros x Hx; rewrite <- E; apply in_map; easy).
  assert (G : Forall (fun x => good (fst x)) l).
  { apply Forall_forall. intros x Hx. rewrite Forall_forall in items_good. auto. }
  pose proof (above_ok prec _ _ (fun x => good (fst x)) (pair_entry_ok divisor HS) _ _
     (has_div prec _ _ _ _ (has_ofZ prec num) (has_ofZ prec den)) l G HA) as M.
  assert (S : forall x y, In x l -> In y l -> K (index (fst x)) (index (fst y)) = K (index (fst y)) (index (fst x))).
  { intros x y Hx Hy. apply symmetric; apply index_below; auto. }
  intros v. pose proof (factor_bound (none, D.ofZ []) (fun x y => K (index (fst x)) (index (fst y))) (real_row divisor) l _ S M v) as T.
  rewrite Ln in T. eapply Rle_trans; [exact T|]. apply Req_le.
  assert (P : forall i, (i < n)%nat -> index (fst (nth i l (none, D.ofZ []))) = i).
  { intros i Hi. apply (index_nth (fun x => index (fst x))); [|easy]. rewrite <- index_ok, <- E, map_map. easy. }
  apply sum_below_ext. intros i Hi. apply sum_below_ext. intros j Hj. rewrite !P by easy. easy.
Qed.

Theorem upper_ok u num den : upper_check u num den = true -> least_eigenvalue_at_most n K (IZR num / IZR den).
Proof.
  unfold upper_check. rewrite !andb_true_iff. intros [[Hu Pu] HA]. apply Nat.eqb_eq in Hu. apply Z.ltb_lt in Pu.
  pose proof (interval_quadratic_form_ok prec entry (fun x y => K (index x) (index y)) good entry_ok items items_good u Hu) as Q.
  apply (nonneg_ok _ (IZR num / IZR den * IZR (integer_dot u u)
    - quadratic_form (fun x y => K (index x) (index y)) items (coordinates u))) in HA.
  2:{ apply has_sub; [|exact Q]. apply has_mul; [apply has_div; apply has_ofZ|apply has_ofZ]. }
  assert (S : forall x y, In x items -> In y items -> K (index x) (index y) = K (index y) (index x)).
  { intros x y Hx Hy. apply symmetric; apply index_below; auto. }
  exists (coordinates u). fold n in Hu. rewrite <- Hu at 1 3. rewrite coordinates_square. split; [apply IZR_lt; easy|].
  rewrite (quadratic_form_sum _ none items S) in HA. fold n in HA.
  rewrite (sum_below_ext n _ (fun i => sum_below n (fun j =>
    K (index (nth i items none)) (index (nth j items none)) * coordinates u i * coordinates u j))).
  - lra.
  - intros i Hi. apply sum_below_ext. intros j Hj. rewrite !(index_nth index) by easy. easy.
Qed.
End Check.
End CheckedBounds.
