(** The kernel of a deep equilibrium model with the activation erf: every solution of its equation is bounded. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue GramForms IntegerVectors Intervals CheckedBounds Points PointKernels FixedPoints ErfDual.
Import ListNotations.
Open Scope R_scope.

(** * What is stated *)
(** K solves K = E erf(g) erf(g)^T, g ~ N(0, w K + 2 C), C the matrix of cosines of the inputs, w = 2 sigma_w^2. *)
Definition erf_equilibrium (w : R) (X : list (list Z)) (K : nat -> nat -> R) : Prop :=
  forall i j, (i < length X)%nat -> (j < length X)%nat ->
    K i j = erf_dual (w * K i i + 2 * cosine X i i) (w * K i j + 2 * cosine X i j) (w * K j j + 2 * cosine X j j).

(** * The maps whose fixed points are the entries, and how steep they are *)
(** The maps of the diagonal and of the other entries, m = 1 + 2 (w q + 2). *)
Definition on_diagonal (w q : R) : R := 2 / PI * asin (1 - / (1 + 2 * (w * q + 2))).
Definition off_diagonal (w m c k : R) : R := 2 / PI * asin (2 * (w * k + 2 * c) / m).

Section Rates.
Variable w : R.
Hypothesis Hw : 0 <= w <= 1.
Definition rate_on (t : R) : R := 2 / PI * (2 * w / (5 - 2 * w) ^ 2 / sqrt (1 - t ^ 2)).
Definition rate_off (m t : R) : R := 2 / PI * (2 * w / m / sqrt (1 - t ^ 2)).

Lemma on_lip x y : -1 <= x <= 1 -> -1 <= y <= 1 ->
  Rabs (on_diagonal w x - on_diagonal w y) <= rate_on (1 - / (5 + 2 * w)) * Rabs (x - y).
Proof.
  intros Hx Hy. unfold on_diagonal. set (t := 1 - / (5 + 2 * w)). pose proof two_over_pi as P.
  set (mx := 1 + 2 * (w * x + 2)). set (my := 1 + 2 * (w * y + 2)).
  assert (Mx : 5 - 2 * w <= mx <= 5 + 2 * w) by (unfold mx; nra). assert (My : 5 - 2 * w <= my <= 5 + 2 * w) by (unfold my; nra).
  assert (I : forall m, 5 - 2 * w <= m <= 5 + 2 * w -> / (5 + 2 * w) <= / m <= 1 / 3).
  { intros m Hm. split; [apply Rinv_le_contravar; lra|]. unfold Rdiv. rewrite Rmult_1_l. apply Rinv_le_contravar; lra. }
  pose proof (I mx Mx). pose proof (I my My). assert (0 < / (5 + 2 * w)) by (apply Rinv_0_lt_compat; lra).
  assert (Ht : 0 <= t < 1) by (unfold t; specialize (I (5 + 2 * w)); lra).
  rewrite <- Rmult_minus_distr_l, Rabs_mult, (Rabs_pos_eq (2 / PI)) by lra.
  unfold rate_on. rewrite !Rmult_assoc. apply Rmult_le_compat_l; [lra|].
  eapply Rle_trans; [apply (asin_lip t); [easy| |]|].
  - rewrite Rabs_pos_eq; unfold t; lra.
  - rewrite Rabs_pos_eq; unfold t; lra.
  - unfold Rdiv. rewrite !Rmult_assoc, (Rmult_comm (/ sqrt _)), <- !Rmult_assoc. apply Rmult_le_compat_r.
    { apply Rlt_le, Rinv_0_lt_compat, sqrt_lt_R0. nra. }
    replace (1 - / mx - (1 - / my)) with (2 * w * (x - y) * (/ mx * / my)) by (unfold mx, my; field; fold mx my; lra).
    rewrite !Rabs_mult, (Rabs_pos_eq 2), (Rabs_pos_eq w), (Rabs_pos_eq (/ mx)), (Rabs_pos_eq (/ my)) by lra.
    assert (Q : / mx * / my <= / (5 - 2 * w) ^ 2).
    { replace ((5 - 2 * w) ^ 2) with ((5 - 2 * w) * (5 - 2 * w)) by ring. rewrite Rinv_mult.
      apply Rmult_le_compat; try lra; apply Rinv_le_contravar; lra. }
    pose proof (Rabs_pos (x - y)). replace (2 * w * / (5 - 2 * w) ^ 2 * Rabs (x - y)) with (2 * w * Rabs (x - y) * / (5 - 2 * w) ^ 2) by ring.
    apply Rmult_le_compat_l; [|easy]. nra.
Qed.

Lemma off_lip m t c x y : 0 < m -> (2 * w + 4) / m = t -> t < 1 -> -1 <= c <= 1 -> -1 <= x <= 1 -> -1 <= y <= 1 ->
  Rabs (off_diagonal w m c x - off_diagonal w m c y) <= rate_off m t * Rabs (x - y).
Proof.
  intros Hm Et Ht Hc Hx Hy. unfold off_diagonal. pose proof two_over_pi as P. assert (Im : 0 < / m) by (apply Rinv_0_lt_compat; easy).
  rewrite <- Rmult_minus_distr_l, Rabs_mult, (Rabs_pos_eq (2 / PI)) by lra.
  unfold rate_off. rewrite !Rmult_assoc. apply Rmult_le_compat_l; [lra|].
  assert (T0 : 0 <= t) by (rewrite <- Et; apply Rmult_le_pos; lra).
  assert (B : forall k, -1 <= k <= 1 -> Rabs (2 * (w * k + 2 * c) / m) <= t).
  { intros k Hk. unfold Rdiv. rewrite Rabs_mult, (Rabs_pos_eq (/ m)), <- Et by lra. apply Rmult_le_compat_r; [lra|]. apply Rabs_le. nra. }
  eapply Rle_trans; [apply (asin_lip t); [lra| |]; auto|].
  unfold Rdiv. rewrite !Rmult_assoc, (Rmult_comm (/ sqrt _)), <- !Rmult_assoc. apply Rmult_le_compat_r.
  { apply Rlt_le, Rinv_0_lt_compat, sqrt_lt_R0. nra. }
  replace (2 * (w * x + 2 * c) * / m - 2 * (w * y + 2 * c) * / m) with (2 * w * / m * (x - y)) by ring.
  rewrite Rabs_mult, (Rabs_pos_eq (2 * w * / m)) by nra. lra.
Qed.
End Rates.

(** * The check *)
Module ErfEquilibrium (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Fixed := FixedPoints D F.

Section Prec.
Variable prec : F.precision.
Notation "a [+] b" := (I.add prec a b) (at level 50, left associativity).
Notation "a [-] b" := (I.sub prec a b) (at level 50, left associativity).
Notation "a [*] b" := (I.mul prec a b) (at level 40, left associativity).
Notation "a [/] b" := (I.div prec a b) (at level 40, left associativity).
Notation "[# z ]" := (ofZ prec z%Z).

(** The equilibrium, w = wn / wd. *)
Variables wn wd : Z.
Hypothesis Hw : (0 <= wn)%Z /\ (wn <= wd)%Z /\ (0 < wd)%Z.
Let w := IZR wn / IZR wd.
Definition iw := [# wn] [/] [# wd].
Definition itwopi := [# 2] [/] I.pi prec.

Lemma w_range : 0 <= w <= 1.
Proof.
  destruct Hw as (H1 & H2 & H3). apply IZR_le in H1, H2. apply IZR_lt in H3. unfold w. assert (0 < / IZR wd) by (apply Rinv_0_lt_compat; easy).
  assert (IZR wd * / IZR wd = 1) by (apply Rinv_r; lra). unfold Rdiv. split; nra.
Qed.

Ltac known := repeat first [eassumption | apply has_add | apply has_sub | apply has_mul | apply has_div | apply has_sqrt | apply has_pi | apply has_ofZ].

Definition irate_on : I.type :=
  let t := [# 1] [-] [# 1] [/] ([# 5] [+] [# 2] [*] iw) in let m := [# 5] [-] [# 2] [*] iw in
  itwopi [*] ([# 2] [*] iw [/] (m [*] m) [/] I.sqrt prec ([# 1] [-] t [*] t)).
Lemma has_w : has iw w.
Proof. unfold iw, w. known. Qed.
Lemma irate_on_ok : has irate_on (rate_on w (1 - / (5 + 2 * w))).
Proof.
  pose proof has_w. unfold irate_on, rate_on, itwopi.
  replace ((5 - 2 * w) ^ 2) with ((5 - 2 * w) * (5 - 2 * w)) by ring.
  replace (1 - (1 - / (5 + 2 * w)) ^ 2) with (1 - (1 - 1 / (5 + 2 * w)) * (1 - 1 / (5 + 2 * w))) by (unfold Rdiv; ring). known.
Qed.

Definition ion (q : I.type) : I.type := itwopi [*] asin_of prec ([# 1] [-] [# 1] [/] ([# 1] [+] [# 2] [*] (iw [*] q [+] [# 2]))).
Lemma ion_ok i x : -1 <= x <= 1 -> has i x -> has (ion i) (on_diagonal w x).
Proof.
  intros Hx Hi. pose proof has_w. pose proof w_range. unfold ion, on_diagonal, itwopi. apply has_mul; [known|]. apply (has_asin prec).
  - assert (1 < 1 + 2 * (w * x + 2)) by nra. assert (/ (1 + 2 * (w * x + 2)) < / 1) by (apply Rinv_lt_contravar; lra).
    rewrite Rinv_1 in *. assert (0 < / (1 + 2 * (w * x + 2))) by (apply Rinv_0_lt_compat; lra). lra.
  - replace (/ _) with (1 / (1 + 2 * (w * x + 2))) by (unfold Rdiv; ring). known.
Qed.

Definition ioff (m c k : I.type) : I.type := itwopi [*] asin_of prec ([# 2] [*] (iw [*] k [+] [# 2] [*] c) [/] m).
Definition irate_off (m : I.type) : I.type :=
  let t := ([# 2] [*] iw [+] [# 4]) [/] m in itwopi [*] ([# 2] [*] iw [/] m [/] I.sqrt prec ([# 1] [-] t [*] t)).

Variable steps : nat.
(** Computed once: q, m, the rates. *)
Record shared := Shared { sq_ : I.type; sm : I.type; st : I.type; sr : I.type; sok : bool }.
Definition share : shared :=
  let q := enclose prec ion irate_on steps (toward prec ion [# 0]) in
  let m := [# 1] [+] [# 2] [*] (iw [*] q [+] [# 2]) in
  let t := ([# 2] [*] iw [+] [# 4]) [/] m in
  let r := irate_off m in
  Shared q m t r (positive m && positive ([# 1] [-] t) && positive ([# 1] [-] r) && positive ([# 1] [-] irate_on)).

Definition kern (s : shared) (a b g : Z) : I.type :=
  let q := (a * b)%Z in let p := (q - g * g)%Z in
  if negb (sok s) then I.nai
  else if (p =? 0)%Z && (0 <? g)%Z then sq_ s
  else if (p <=? 0)%Z then I.nai
  else let c := ofZ prec g [/] I.sqrt prec (ofZ prec q) in
    enclose prec (ioff (sm s) c) (sr s) steps (toward prec (ioff (sm s) c) (sr s)).

Section Solution.
Variable X : list (list Z).
Variable K : nat -> nat -> R.
Let n := length X.
Hypothesis HK : erf_equilibrium w X K.

Lemma cos_self i : (0 < inner X i i)%Z -> cosine X i i = 1.
Proof. intros H. unfold cosine. apply (cos_one _ _ _ H H); lia. Qed.

Lemma K_diag i : (i < n)%nat -> (0 < inner X i i)%Z -> -1 <= K i i <= 1 /\ K i i = on_diagonal w (K i i).
Proof.
  intros Hi Pi. pose proof (HK i i Hi Hi) as E. rewrite cos_self in E by easy.
  assert (R : -1 <= K i i <= 1) by (rewrite E; apply asin_unit). split; [easy|]. pose proof w_range.
  unfold erf_dual, on_diagonal in *. rewrite Rmult_1_r in E. rewrite sqrt_square in E by nra. rewrite E at 1. do 2 f_equal.
  field. nra.
Qed.

Hypothesis S1 : sok share = true.
Lemma shared_facts : positive (sm share) = true /\ positive ([# 1] [-] st share) = true /\
  positive ([# 1] [-] sr share) = true /\ positive ([# 1] [-] irate_on) = true.
Proof. pose proof S1 as S. unfold share in *. cbn [sok sm st sr] in *. rewrite !andb_true_iff in S. intuition. Qed.

Lemma K_diag_eq i j : (i < n)%nat -> (j < n)%nat -> (0 < inner X i i)%Z -> (0 < inner X j j)%Z -> K i i = K j j.
Proof.
  intros Hi Hj Pi Pj. destruct shared_facts as (_ & _ & _ & P). destruct (K_diag i Hi Pi) as [Ri Ei], (K_diag j Hj Pj) as [Rj Ej].
  apply (contraction_unique (on_diagonal w) (rate_on w (1 - / (5 + 2 * w)))); try easy.
  - apply (positive_ok _ (1 - rate_on w (1 - / (5 + 2 * w)))) in P; [lra|]. apply has_sub; [apply (has_ofZ prec 1)|apply irate_on_ok].
  - apply on_lip; try easy. apply w_range.
Qed.

Lemma K_off i j : (i < n)%nat -> (j < n)%nat -> (0 < inner X i i)%Z -> (0 < inner X j j)%Z -> K i i = K j j ->
  -1 <= K i j <= 1 /\ K i j = off_diagonal w (1 + 2 * (w * K i i + 2)) (cosine X i j) (K i j).
Proof.
  intros Hi Hj Pi Pj Q. pose proof (HK i j Hi Hj) as E. rewrite !cos_self, <- Q in E by easy.
  assert (R : -1 <= K i j <= 1) by (rewrite E; apply asin_unit). split; [easy|]. pose proof w_range.
  destruct (K_diag i Hi Pi) as [Ri _].
  unfold erf_dual, off_diagonal in *. rewrite Rmult_1_r in E. rewrite sqrt_square in E by nra. rewrite E at 1. easy.
Qed.


Lemma share_q i : (i < n)%nat -> (0 < inner X i i)%Z -> has (sq_ share) (K i i).
Proof.
  intros Hi Pi. destruct (K_diag i Hi Pi) as [R E]. unfold share. cbn [sq_].
  apply (enclose_ok prec (on_diagonal w) ion (rate_on w (1 - / (5 + 2 * w)))); try easy.
  - apply ion_ok.
  - intros. apply on_lip; try easy. apply w_range.
  - apply irate_on_ok.
Qed.

Lemma off_facts i : (i < n)%nat -> (0 < inner X i i)%Z ->
  let m := 1 + 2 * (w * K i i + 2) in let t := (2 * w + 4) / m in
  has (sm share) m /\ has (sr share) (rate_off w m t) /\ 0 < m /\ t < 1 /\ rate_off w m t < 1.
Proof.
  intros Hi Pi m t. pose proof (share_q i Hi Pi) as Q. pose proof has_w.
  assert (M : has (sm share) m).
  { unfold share, m. cbn [sm]. change (1 + 2 * (w * K i i + 2)) with (IZR 1 + IZR 2 * (w * K i i + IZR 2)). known. }
  assert (T : has (st share) t) by (unfold t; unfold share in *; cbn [st sm] in *; known).
  destruct shared_facts as (P1 & P2 & P3 & _).
  assert (Rt : has (sr share) (rate_off w m t)).
  { unfold share in *. cbn [sr sm] in *. unfold irate_off, rate_off, itwopi. fold t.
    replace (t ^ 2) with (t * t) by ring. unfold t. known. }
  split; [easy|]. split; [easy|]. split; [|split].
  - apply (positive_ok _ m) in P1; [lra|easy].
  - apply (positive_ok _ (1 - t)) in P2; [lra|]. apply has_sub; [apply (has_ofZ prec 1)|easy].
  - apply (positive_ok _ (1 - rate_off w m t)) in P3; [lra|]. apply has_sub; [apply (has_ofZ prec 1)|easy].
Qed.

Lemma cos_range i j : (0 < inner X i i)%Z -> (0 < inner X j j)%Z -> (0 < inner X i i * inner X j j - inner X i j * inner X i j)%Z -> -1 < cosine X i j < 1.
Proof. intros Pi Pj Hp. apply (cos_sine _ _ _ Pi Pj Hp). Qed.

Lemma kern_ok i j : (i < n)%nat -> (j < n)%nat -> (0 < inner X i i)%Z -> (0 < inner X j j)%Z ->
  has (kern share (inner X i i) (inner X j j) (inner X i j)) (K i j).
Proof.
  intros Hi Hj Pi Pj. unfold kern. rewrite S1. cbn [negb].
  pose proof (K_diag_eq i j Hi Hj Pi Pj) as Q. destruct (K_off i j Hi Hj Pi Pj Q) as [R E].
  destruct (off_facts i Hi Pi) as (M & Rt & Pm & T1 & Rt1).
  set (m := 1 + 2 * (w * K i i + 2)) in *. set (t := (2 * w + 4) / m) in *. pose proof w_range.
  destruct (_ && _) eqn:B.
  - apply andb_true_iff in B. destruct B as [B1 B2]. apply Z.eqb_eq in B1. apply Z.ltb_lt in B2.
    pose proof (cos_one _ _ _ Pi Pj B1 B2 : cosine X i j = 1) as C. rewrite C in E.
    replace (K i j) with (K i i); [apply share_q; easy|].
    destruct (K_off i i Hi Hi Pi Pi eq_refl) as [R' E']. rewrite cos_self in E' by easy. fold m in E'.
    apply (contraction_unique (off_diagonal w m 1) (rate_off w m t)); try easy. apply off_lip; try easy; lra.
  - destruct (Z.leb_spec (inner X i i * inner X j j - inner X i j * inner X i j) 0) as [H'|H'].
    + apply has_nan. rewrite I.nai_correct. easy.
    + destruct (cos_sine _ _ _ Pi Pj H') as (_ & _ & Hc). fold (cosine X i j) in Hc.
      apply (enclose_ok prec (off_diagonal w m (cosine X i j)) _ (rate_off w m t)); try easy.
      * intros ik k Hk Hik. unfold ioff, off_diagonal, itwopi. pose proof has_w. apply has_mul; [known|]. apply (has_asin prec).
        -- assert (A : -t <= 2 * (w * k + 2 * cosine X i j) / m <= t).
           { unfold t. assert (0 < / m) by (apply Rinv_0_lt_compat; easy). unfold Rdiv. rewrite <- Ropp_mult_distr_l_reverse.
             split; apply Rmult_le_compat_r; nra. }
           lra.
        -- unfold cosine. rewrite root_product by easy. known.
      * intros. apply off_lip; try easy; lra.
Qed.

Lemma K_sym : (forall i, (i < n)%nat -> (0 < inner X i i)%Z) -> forall i j, (i < n)%nat -> (j < n)%nat -> K i j = K j i.
Proof.
  intros P0 i j Hi Hj. pose proof (P0 i Hi) as Pi. pose proof (P0 j Hj) as Pj. pose proof w_range.
  pose proof (K_diag_eq i j Hi Hj Pi Pj) as Q. destruct (K_off i j Hi Hj Pi Pj Q) as [R E].
  destruct (K_off j i Hj Hi Pj Pi (eq_sym Q)) as [R' E']. rewrite <- Q, (cosine_sym X j i) in E'.
  destruct (off_facts i Hi Pi) as (M & Rt & Pm & T1 & Rt1).
  apply (contraction_unique (off_diagonal w (1 + 2 * (w * K i i + 2)) (cosine X i j)) _ _ _ Rt1 E E').
  apply off_lip; try easy. apply cos_le; easy.
Qed.
End Solution.


Definition check_lower X divisor L num den : bool :=
  let s := share in sok s && all_nonzero X && points_lower prec (kern s) X divisor L num den.
Definition check_upper X u num den : bool :=
  let s := share in sok s && all_nonzero X && points_upper prec (kern s) X u num den.

Theorem lower X divisor L num den : check_lower X divisor L num den = true ->
  forall K, erf_equilibrium (IZR wn / IZR wd) X K -> least_eigenvalue_at_least (length X) K (IZR num / IZR den).
Proof.
  unfold check_lower. cbv zeta. rewrite !andb_true_iff. intros [[S N] C] K HK. pose proof (all_nonzero_ok X N) as P.
  apply (points_lower_ok prec (kern share) X K) with (3 := C); intros; [apply kern_ok|apply (K_sym X K)]; auto.
Qed.

Theorem upper X u num den : check_upper X u num den = true ->
  forall K, erf_equilibrium (IZR wn / IZR wd) X K -> least_eigenvalue_at_most (length X) K (IZR num / IZR den).
Proof.
  unfold check_upper. cbv zeta. rewrite !andb_true_iff. intros [[S N] C] K HK. pose proof (all_nonzero_ok X N) as P.
  apply (points_upper_ok prec (kern share) X K) with (3 := C); intros; [apply kern_ok|apply (K_sym X K)]; auto.
Qed.
End Prec.
End ErfEquilibrium.
