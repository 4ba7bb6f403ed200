(** The kernel of a deep equilibrium model with ReLU: every solution of its equation is bounded. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Flocq Require Import Core.Zaux.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig.
From Interval.Interval Require Import Interval Float Float_full.
From Certigram Require Import LeastEigenvalue GramForms IntegerVectors Intervals CheckedBounds Points PointKernels
  FixedPoints ArcCosine.
Import ListNotations.
Open Scope R_scope.

(** * What is stated *)
(** E relu(u) relu(v) for (u, v) centred Gaussian with covariance [[a, c], [c, b]] (Cho and Saul 2009; not proved here). *)
Definition relu_dual (a c b : R) : R := sqrt (a * b) * arc_cosine (c / sqrt (a * b)).

(** K solves K = E relu(g) relu(g)^T, g ~ N(0, w K + 2 C), C the matrix of cosines of the inputs, w = 2 sigma_w^2. *)
Definition relu_equilibrium (w : R) (X : list (list Z)) (K : nat -> nat -> R) : Prop :=
  forall i j, (i < length X)%nat -> (j < length X)%nat ->
    K i j = relu_dual (w * K i i + 2 * cosine X i i) (w * K i j + 2 * cosine X i j) (w * K j j + 2 * cosine X j j).

(** * The arc-cosine function *)
(** In the angle: 2 pi arc_cosine (cos t) = h t. *)
Definition in_angle (t : R) : R := sin t + cos t * (PI - t).

Lemma arc_cosine_angle x : -1 <= x <= 1 -> arc_cosine x = in_angle (acos x) / (2 * PI).
Proof.
  intros H. unfold arc_cosine, in_angle. rewrite cos_acos, sin_acos by easy. unfold Rsqr. do 4 f_equal. ring.
Qed.

Lemma in_angle_decreases s t : 0 <= s -> s < t -> t <= PI -> 0 <= in_angle s - in_angle t <= PI * (cos s - cos t).
Proof.
  intros Hs L Ht.
  assert (S : forall c, s < c < t -> 0 <= sin c) by (intros; apply sin_ge_0; lra).
  split.
  - destruct (MVT_cor2 in_angle (fun c => - (PI - c) * sin c) s t L) as (c & E & Hc).
    { intros c _. unfold in_angle. replace (- (PI - c) * sin c) with (cos c + (- sin c * (PI - c) + cos c * (0 - 1))) by ring.
      apply derivable_pt_lim_plus; [apply derivable_pt_lim_sin|].
      apply (derivable_pt_lim_mult cos (fun t => PI - t)); [apply derivable_pt_lim_cos|].
      apply (derivable_pt_lim_minus (fun _ => PI) (fun t => t)); [apply derivable_pt_lim_const|apply derivable_pt_lim_id]. }
    specialize (S c Hc). assert (0 <= (PI - c) * sin c * (t - s)) by (apply Rmult_le_pos; [apply Rmult_le_pos|]; lra). lra.
  - destruct (MVT_cor2 (fun t => in_angle t - PI * cos t) (fun c => c * sin c) s t L) as (c & E & Hc).
    { intros c _. unfold in_angle.
      replace (c * sin c) with ((cos c + (- sin c * (PI - c) + cos c * (0 - 1))) - PI * (- sin c)) by ring.
      apply (derivable_pt_lim_minus (fun t => sin t + cos t * (PI - t)) (fun t => PI * cos t)).
      - apply derivable_pt_lim_plus; [apply derivable_pt_lim_sin|].
        apply (derivable_pt_lim_mult cos (fun t => PI - t)); [apply derivable_pt_lim_cos|].
        apply (derivable_pt_lim_minus (fun _ => PI) (fun t => t)); [apply derivable_pt_lim_const|apply derivable_pt_lim_id].
      - apply (derivable_pt_lim_scal cos). apply derivable_pt_lim_cos. }
    specialize (S c Hc). assert (0 <= c * sin c * (t - s)) by (apply Rmult_le_pos; [apply Rmult_le_pos|]; lra). lra.
Qed.

(** It is 1/2-Lipschitz. *)
Lemma arc_cosine_lip x y : -1 <= x <= 1 -> -1 <= y <= 1 -> Rabs (arc_cosine x - arc_cosine y) <= 1 / 2 * Rabs (x - y).
Proof.
  assert (Pi := PI_RGT_0).
  assert (B : forall x y, -1 <= x <= 1 -> -1 <= y <= 1 -> acos x < acos y -> 0 <= arc_cosine x - arc_cosine y <= 1 / 2 * (x - y)).
  { clear x y. intros x y Hx Hy L. pose proof (acos_bound x). pose proof (acos_bound y).
    destruct (in_angle_decreases (acos x) (acos y)) as [D1 D2]; [lra..|]. rewrite !cos_acos in D2 by easy.
    rewrite !arc_cosine_angle by easy. assert (I : 0 < / (2 * PI)) by (apply Rinv_0_lt_compat; lra).
    replace (1 / 2 * (x - y)) with (PI * (x - y) / (2 * PI)) by (field; lra).
    replace (in_angle (acos x) / (2 * PI) - in_angle (acos y) / (2 * PI)) with ((in_angle (acos x) - in_angle (acos y)) / (2 * PI)) by (unfold Rdiv; ring).
    unfold Rdiv. split; [apply Rmult_le_pos; lra|apply Rmult_le_compat_r; lra]. }
  intros Hx Hy. destruct (Rtotal_order (acos x) (acos y)) as [L|[E|L]].
  - specialize (B x y Hx Hy L). rewrite Rabs_pos_eq by lra. pose proof (Rle_abs (x - y)). lra.
  - replace x with y by (rewrite <- (cos_acos x), <- (cos_acos y), E by easy; easy).
    rewrite !Rminus_diag_eq, Rabs_R0 by easy. lra.
  - specialize (B y x Hy Hx L). rewrite (Rabs_minus_sym (arc_cosine x)), (Rabs_minus_sym x), Rabs_pos_eq by lra.
    pose proof (Rle_abs (y - x)). lra.
Qed.

Lemma acos_beyond x : 1 < x -> acos x = 0.
Proof. intros H. unfold acos. destruct (Rle_dec x (-1)); [lra|]. destruct (Rle_dec 1 x); [easy|lra]. Qed.
Lemma acos_below x : x <= -1 -> acos x = PI.
Proof. intros H. unfold acos. destruct (Rle_dec x (-1)); [easy|lra]. Qed.

(** Beyond [-1, 1] Coq's functions are total, and the closed form is the straight line that goes on. *)
Lemma arc_cosine_beyond x : 1 < x -> arc_cosine x = x / 2.
Proof. intros H. pose proof PI_RGT_0. unfold arc_cosine. rewrite acos_beyond by easy. rewrite sqrt_neg_0 by nra. field. lra. Qed.
Lemma arc_cosine_below x : x <= -1 -> arc_cosine x = 0.
Proof.
  intros H. unfold arc_cosine. rewrite acos_below by easy. destruct (Req_dec x (-1)) as [->|N].
  - replace (1 - (-1) ^ 2) with 0 by ring. rewrite sqrt_0. unfold Rdiv. ring.
  - rewrite sqrt_neg_0 by nra. unfold Rdiv. ring.
Qed.

(** * The correlation of a pair is the fixed point of a contraction with the slope w / 2 *)
Definition next_correlation (w c x : R) : R := w * arc_cosine x + (1 - w / 2) * c.

Section Solution.
Variable w : R.
Hypothesis Hw : 0 <= w < 2.

Lemma next_correlation_lip c x y : -1 <= x <= 1 -> -1 <= y <= 1 ->
  Rabs (next_correlation w c x - next_correlation w c y) <= w / 2 * Rabs (x - y).
Proof.
  intros Hx Hy. unfold next_correlation. pose proof (arc_cosine_lip x y Hx Hy) as L.
  replace (_ - _) with (w * (arc_cosine x - arc_cosine y)) by ring. rewrite Rabs_mult, (Rabs_pos_eq w) by lra.
  replace (w / 2 * Rabs (x - y)) with (w * (1 / 2 * Rabs (x - y))) by field. apply Rmult_le_compat_l; lra.
Qed.

Variable X : list (list Z).
Variable K : nat -> nat -> R.
Let n := length X.
Hypothesis HK : relu_equilibrium w X K.
Hypothesis nonzero : forall i, (i < n)%nat -> (0 < inner X i i)%Z.

Definition variance : R := 2 / (1 - w / 2).
Lemma variance_pos : 0 < variance.
Proof. apply Rdiv_lt_0_compat; lra. Qed.

Lemma cosine_self i : (i < n)%nat -> cosine X i i = 1.
Proof. intros H. unfold cosine. pose proof (nonzero i H) as P. apply (cos_one _ _ _ P P); lia. Qed.

(** The diagonal is known. *)
Lemma diagonal i : (i < n)%nat -> w * K i i + 2 * cosine X i i = variance.
Proof.
  intros Hi. pose proof (HK i i Hi Hi) as E. rewrite cosine_self in * by easy. set (s := w * K i i + 2 * 1) in *.
  unfold relu_dual in E. destruct (Rtotal_order s 0) as [L|[Z|G]].
  - replace (s * s) with ((- s) * (- s)) in E by ring. rewrite sqrt_square in E by lra.
    replace (s / - s) with (-1) in E by (field; lra). rewrite arc_cosine_below in E by lra. unfold s in L. rewrite E in L. lra.
  - rewrite Z, Rmult_0_l, sqrt_0, Rmult_0_l in E. unfold s in Z. rewrite E in Z. lra.
  - rewrite sqrt_square in E by lra. replace (s / s) with 1 in E by (field; lra). rewrite arc_cosine_one in E.
    assert (Q : s = w * (s * (1 / 2)) + 2) by (rewrite <- E; unfold s; ring).
    unfold variance. apply Rmult_eq_reg_r with (1 - w / 2); [|lra]. unfold Rdiv at 2. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Definition correlation (i j : nat) : R := (w * K i j + 2 * cosine X i j) / variance.

Lemma pair_solution i j : (i < n)%nat -> (j < n)%nat ->
  K i j = variance * arc_cosine (correlation i j) /\ -1 <= correlation i j <= 1 /\
  correlation i j = next_correlation w (cosine X i j) (correlation i j).
Proof.
  intros Hi Hj. pose proof (HK i j Hi Hj) as E. rewrite !diagonal in E by easy. pose proof variance_pos as V.
  unfold relu_dual in E. rewrite sqrt_square in E by lra. fold (correlation i j) in E. split; [easy|].
  assert (F : correlation i j = next_correlation w (cosine X i j) (correlation i j)).
  { unfold next_correlation. unfold correlation at 1. rewrite E. unfold variance. field. lra. }
  split; [|easy]. pose proof (cos_le X i j (nonzero i Hi) (nonzero j Hj)) as C. unfold next_correlation in F.
  set (r := correlation i j) in *. set (c := cosine X i j) in *. split; apply Rnot_lt_le; intros N.
  - rewrite arc_cosine_below in F by lra. nra.
  - rewrite arc_cosine_beyond in F by lra. nra.
Qed.

Lemma solution_sym i j : (i < n)%nat -> (j < n)%nat -> K i j = K j i.
Proof.
  intros Hi Hj. destruct (pair_solution i j Hi Hj) as (E & R & F), (pair_solution j i Hj Hi) as (E' & R' & F').
  rewrite (cosine_sym X j i) in F'. rewrite E, E'. do 2 f_equal.
  apply (contraction_unique (next_correlation w (cosine X i j)) (w / 2)); try easy; [lra|].
  apply next_correlation_lip; easy.
Qed.
End Solution.

(** * The check *)
Module ReluEquilibrium (D : INTEGER_VECTORS)
  (F : FloatOps with Definition radix := radix2 with Definition sensible_format := true).
Module Export Fixed := FixedPoints D F.

Section Prec.
Variable prec : F.precision.
Notation "a [+] b" := (I.add prec a b) (at level 50, left associativity).
Notation "a [-] b" := (I.sub prec a b) (at level 50, left associativity).
Notation "a [*] b" := (I.mul prec a b) (at level 40, left associativity).
Notation "a [/] b" := (I.div prec a b) (at level 40, left associativity).
Notation "[# z ]" := (ofZ prec z%Z).
Ltac known := repeat first [eassumption | apply has_add | apply has_sub | apply has_mul | apply has_div | apply has_sqrt | apply has_pi | apply has_ofZ].

(** w = wn / wd *)
Variables wn wd : Z.
Hypothesis Hw : (0 <= wn)%Z /\ (wn < 2 * wd)%Z /\ (0 < wd)%Z.
Let w := IZR wn / IZR wd.
Variable steps : nat.

Lemma w_range : 0 <= w < 2.
Proof.
  destruct Hw as (H1 & H2 & H3). apply IZR_le in H1. apply IZR_lt in H2, H3. rewrite mult_IZR in H2. unfold w.
  assert (0 < / IZR wd) by (apply Rinv_0_lt_compat; easy). assert (IZR wd * / IZR wd = 1) by (apply Rinv_r; lra).
  unfold Rdiv. split; nra.
Qed.

(** sqrt (1 - t^2) + t (pi/2 + asin t), over 2 pi *)
Definition arc_cosine_of (pi2 circle t : I.type) : I.type :=
  (I.sqrt prec ([# 1] [-] t [*] t) [+] t [*] (pi2 [+] asin_of prec t)) [/] circle.
Lemma arc_cosine_of_ok pi2 circle i x : has pi2 (PI / 2) -> has circle (2 * PI) -> -1 <= x <= 1 -> has i x ->
  has (arc_cosine_of pi2 circle i) (arc_cosine x).
Proof.
  intros H2 HC Hx Hi. unfold arc_cosine_of, arc_cosine.
  replace (PI - acos x) with (PI / 2 + asin x) by (rewrite acos_asin by easy; lra).
  replace (1 - x ^ 2) with (1 - x * x) by ring. pose proof (has_asin prec i x Hx Hi). known.
Qed.

(** Computed once: pi/2, 2 pi, w, 1 - w/2, w/2, the variance. *)
Record constants := Constants { pi2 : I.type; circle : I.type; iw : I.type; gain : I.type; rate : I.type; var : I.type }.
Definition shared : constants :=
  let p := I.pi prec in let v := [# wn] [/] [# wd] in let r := v [/] [# 2] in
  Constants (p [/] [# 2]) ([# 2] [*] p) v ([# 1] [-] r) r ([# 2] [/] ([# 1] [-] r)).

Definition next (s : constants) (c x : I.type) : I.type := iw s [*] arc_cosine_of (pi2 s) (circle s) x [+] gain s [*] c.
(** A step of Newton's method: the slope is w (pi/2 + asin m) / 2 pi. *)
Definition newton (s : constants) (c m : I.type) : I.type :=
  let turn := pi2 s [+] asin_of prec m in
  let value := iw s [*] (I.sqrt prec ([# 1] [-] m [*] m) [+] m [*] turn) [/] circle s [+] gain s [*] c in
  m [+] (value [-] m) [/] ([# 1] [-] iw s [*] turn [/] circle s).
Definition kern (s : constants) (a b g : Z) : I.type :=
  let q := (a * b)%Z in let p := (q - g * g)%Z in
  if (p =? 0)%Z && (0 <? g)%Z then var s [/] [# 2]
  else
    let c := ofZ prec g [/] I.sqrt prec (ofZ prec q) in
    var s [*] arc_cosine_of (pi2 s) (circle s) (enclose prec (next s c) (rate s) steps (newton s c)).

Lemma shared_ok : has (pi2 shared) (PI / 2) /\ has (circle shared) (2 * PI) /\ has (iw shared) w /\
  has (gain shared) (1 - w / 2) /\ has (rate shared) (w / 2) /\ has (var shared) (variance w).
Proof.
  assert (W : has ([# wn] [/] [# wd]) w) by (unfold w; known).
  unfold shared, variance. cbn [pi2 circle iw gain rate var]. repeat split; known.
Qed.

Section Sound.
Variable X : list (list Z).
Variable K : nat -> nat -> R.
Hypothesis HK : relu_equilibrium w X K.
Hypothesis nonzero : forall i, (i < length X)%nat -> (0 < inner X i i)%Z.

Lemma kern_ok i j : (i < length X)%nat -> (j < length X)%nat ->
  has (kern shared (inner X i i) (inner X j j) (inner X i j)) (K i j).
Proof.
  intros Hi Hj. destruct shared_ok as (H1 & H2 & H3 & H4 & H5 & H6). pose proof w_range as W.
  destruct (pair_solution w W X K HK nonzero i j Hi Hj) as (E & R & S). pose proof (nonzero i Hi) as Pi. pose proof (nonzero j Hj) as Pj.
  unfold kern. destruct (_ && _) eqn:B.
  - apply andb_true_iff in B. destruct B as [B1 B2]. apply Z.eqb_eq in B1. apply Z.ltb_lt in B2.
    assert (C : cosine X i j = 1) by exact (cos_one _ _ _ Pi Pj B1 B2).
    assert (O : correlation w X K i j = 1).
    { apply (contraction_unique (next_correlation w 1) (w / 2)); [lra| | |].
      - rewrite C in S. exact S.
      - unfold next_correlation. rewrite arc_cosine_one. lra.
      - apply next_correlation_lip; try easy; lra. }
    rewrite E, O, arc_cosine_one. replace (variance w * (1 / 2)) with (variance w / 2) by field. known.
  - rewrite E. apply has_mul; [easy|]. apply arc_cosine_of_ok; try easy.
    apply (enclose_ok prec (next_correlation w (cosine X i j)) _ (w / 2)); try easy.
    + intros ik k Hk Hik. unfold next, next_correlation. apply has_add; apply has_mul; try easy.
      * apply arc_cosine_of_ok; easy.
      * unfold cosine. rewrite root_product by easy. known.
    + intros. apply next_correlation_lip; easy.
Qed.
End Sound.

Definition check_lower X divisor L num den : bool :=
  let s := shared in all_nonzero X && points_lower prec (kern s) X divisor L num den.
Definition check_upper X u num den : bool :=
  let s := shared in all_nonzero X && points_upper prec (kern s) X u num den.

Theorem lower X divisor L num den : check_lower X divisor L num den = true ->
  forall K, relu_equilibrium (IZR wn / IZR wd) X K -> least_eigenvalue_at_least (length X) K (IZR num / IZR den).
Proof.
  unfold check_lower. cbv zeta. rewrite andb_true_iff. intros [N C] K HK. pose proof (all_nonzero_ok X N) as P.
  apply (points_lower_ok prec (kern shared) X K) with (3 := C); intros;
    [apply kern_ok|apply (solution_sym w w_range X K)]; auto.
Qed.

Theorem upper X u num den : check_upper X u num den = true ->
  forall K, relu_equilibrium (IZR wn / IZR wd) X K -> least_eigenvalue_at_most (length X) K (IZR num / IZR den).
Proof.
  unfold check_upper. cbv zeta. rewrite andb_true_iff. intros [N C] K HK. pose proof (all_nonzero_ok X N) as P.
  apply (points_upper_ok prec (kern shared) X K) with (3 := C); intros;
    [apply kern_ok|apply (solution_sym w w_range X K)]; auto.
Qed.
End Prec.
End ReluEquilibrium.
