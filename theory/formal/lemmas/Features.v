(** Arc-cosine kernels, ReLU features and random Fourier features: integrals, series, spectra of small examples, numbers. *)
From Coq Require Import Reals Lra Lia Psatz Factorial.
From Coquelicot Require Import Coquelicot.
From Certigram.lemmas Require Import Vectors Equilibrium Matrices Spectra.
Open Scope R_scope.

(** both features are active for these angles, and the integral over them *)
Theorem arc_cosine_angle th : (0 <= th <= PI -> forall a, th - PI / 2 < a < PI / 2 -> 0 < cos a /\ 0 < cos (a - th)) /\
  is_RInt (fun a => cos a * cos (a - th)) (th - PI / 2) (PI / 2) (1 / 2 * (sin th + (PI - th) * cos th)).
Proof.
  split; [intros Ht a Ha; split; apply cos_gt_0; lra|].
  set (G := fun a => 1 / 4 * sin (2 * a - th) + 1 / 2 * a * cos th).
  replace (1 / 2 * (sin th + (PI - th) * cos th)) with (minus (G (PI / 2)) (G (th - PI / 2))).
  - apply (is_RInt_derive G).
    + intros a _. unfold G. auto_derive; [easy|]. replace (cos th) with (cos (a - (a - th))) by (f_equal; ring).
      replace (2 * a + - th) with (a + (a - th)) by ring. rewrite cos_plus, (cos_minus a (a - th)). field.
    + intros a _. apply (ex_derive_continuous (fun a => cos a * cos (a - th))). auto_derive. easy.
  - unfold G, minus, plus, opp; simpl. replace (2 * (PI / 2) - th) with (PI - th) by field.
    replace (2 * (th - PI / 2) - th) with (- (PI - th)) by field. rewrite sin_neg, sin_PI_x. field.
Qed.
(** multiplied by the radial integral 2 and the density 1 / (2 pi) *)
Theorem arc_cosine_value th : 1 / (2 * PI) * (2 * (1 / 2 * (sin th + (PI - th) * cos th))) = (sin th + (PI - th) * cos th) / (2 * PI).
Proof. field. pose proof PI_RGT_0. lra. Qed.

(** the matrix a I + b 1 1^T: v . (1, ..., 1) = 0 belongs to a, the vector of ones to a + n b *)
Lemma ones_spectrum n a b i : (i < n)%nat ->
  apply n (fun i j => a * identity i j + b) (fun _ => 1) i = a + INR n * b /\
  forall v, sum n v = 0 -> apply n (fun i j => a * identity i j + b) v i = a * v i.
Proof.
  intros Hi. assert (E : forall v, apply n (fun i j => a * identity i j + b) v i = a * v i + b * sum n v).
  { intros v. unfold apply, dot. rewrite (sum_ext n _ (fun j => (a * v j) * (if Nat.eqb j i then 1 else 0) + b * v j)).
    - rewrite sum_plus, (sum_pick n i (fun j => a * v j)), sum_scale by easy. easy.
    - intros j _. unfold identity. rewrite Nat.eqb_sym. ring. }
  split; [rewrite E, sum_constant; ring|]. intros v Hv. rewrite E, Hv. ring.
Qed.
(** the arc-cosine kernel at the angles 0, pi/2, pi *)
Definition kernel_at (th : R) : R := (sin th + (PI - th) * cos th) / (2 * PI).
Lemma kernel_values : kernel_at 0 = 1 / 2 /\ kernel_at (PI / 2) = 1 / (2 * PI) /\ kernel_at PI = 0.
Proof.
  pose proof PI_RGT_0. unfold kernel_at. rewrite sin_0, cos_0, sin_PI2, cos_PI2, sin_PI, cos_PI. repeat split; field; lra.
Qed.
(** orthonormal inputs: G = (1/2 - 1/(2 pi)) I + 1 1^T / (2 pi), with the eigenvalue 1/2 - 1/(2 pi) for every v with v . (1, ..., 1) = 0 and
    1/2 + (n - 1)/(2 pi) for (1, ..., 1) *)
Theorem orthonormal_spectrum n i : let G := fun i j => kernel_at (if Nat.eqb i j then 0 else PI / 2) in (i < n)%nat ->
  (forall j, G i j = (1 / 2 - 1 / (2 * PI)) * identity i j + 1 / (2 * PI)) /\
  apply n G (fun _ => 1) i = 1 / 2 + (INR n - 1) / (2 * PI) /\ forall v, sum n v = 0 -> apply n G v i = (1 / 2 - 1 / (2 * PI)) * v i.
Proof.
  intros G Hi. destruct kernel_values as (E0 & E1 & _). pose proof PI_RGT_0.
  assert (E : forall j, G i j = (1 / 2 - 1 / (2 * PI)) * identity i j + 1 / (2 * PI)).
  { intros j. unfold G, identity. destruct (Nat.eqb i j); rewrite ?E0, ?E1; ring. }
  assert (A : forall v, apply n G v i = apply n (fun i j => (1 / 2 - 1 / (2 * PI)) * identity i j + 1 / (2 * PI)) v i).
  { intros v. unfold apply. apply dot_ext; intros j Hj; [apply E|easy]. }
  split; [exact E|]. destruct (ones_spectrum n (1 / 2 - 1 / (2 * PI)) (1 / (2 * PI)) i Hi) as [S1 S2]. split.
  - rewrite A, S1. field. lra.
  - intros v Hv. now rewrite A, S2.
Qed.
(** the circulant matrix with the first row (a, b, 0, b): eigenvalues a, a, a + 2 b, a - 2 b *)
Lemma circulant_spectrum a b : let C := fun i j => match (i + 4 - j) mod 4 with O => a | 2%nat => 0 | _ => b end : R in
  forall i, (i < 4)%nat -> 
  apply 4 C (fun _ => 1) i = (a + 2 * b) * 1 /\ apply 4 C (fun k => match k with O | 2%nat => 1 | _ => -1 end) i = (a - 2 * b) * match i with O | 2%nat => 1 | _ => -1 end /\
  apply 4 C (fun k => match k with O => 1 | 2%nat => -1 | _ => 0 end) i = a * match i with O => 1 | 2%nat => -1 | _ => 0 end /\
  apply 4 C (fun k => match k with 1%nat => 1 | 3%nat => -1 | _ => 0 end) i = a * match i with 1%nat => 1 | 3%nat => -1 | _ => 0 end.
Proof. intros C i Hi. do 4 (destruct i as [|i]; [unfold apply, dot, C; simpl; repeat split; ring|]). lia. Qed.
(** the square: G is circulant with the first row (1/2, 1/(2 pi), 0, 1/(2 pi)); eigenvalues 1/2, 1/2, 1/2 + 1/pi, 1/2 - 1/pi *)
Theorem square_spectrum : let G := fun i j => kernel_at (match (i + 4 - j) mod 4 with O => 0 | 2%nat => PI | _ => PI / 2 end) in
  (forall i j, G i j = match (i + 4 - j) mod 4 with O => 1 / 2 | 2%nat => 0 | _ => 1 / (2 * PI) end) /\
  forall i, (i < 4)%nat ->
  apply 4 G (fun _ => 1) i = (1 / 2 + 1 / PI) * 1 /\
  apply 4 G (fun k => match k with O | 2%nat => 1 | _ => -1 end) i = (1 / 2 - 1 / PI) * match i with O | 2%nat => 1 | _ => -1 end /\
  apply 4 G (fun k => match k with O => 1 | 2%nat => -1 | _ => 0 end) i = 1 / 2 * match i with O => 1 | 2%nat => -1 | _ => 0 end /\
  apply 4 G (fun k => match k with 1%nat => 1 | 3%nat => -1 | _ => 0 end) i = 1 / 2 * match i with 1%nat => 1 | 3%nat => -1 | _ => 0 end.
Proof.
  intros G. destruct kernel_values as (E0 & E1 & E2). pose proof PI_RGT_0.
  assert (E : forall i j, G i j = match (i + 4 - j) mod 4 with O => 1 / 2 | 2%nat => 0 | _ => 1 / (2 * PI) end).
  { intros i j. unfold G. destruct ((i + 4 - j) mod 4) as [|[|[|k]]]; easy. }
  split; [exact E|]. intros i Hi. pose proof (circulant_spectrum (1 / 2) (1 / (2 * PI)) i Hi) as C. cbv zeta in C.
  replace (1 / 2 + 2 * (1 / (2 * PI))) with (1 / 2 + 1 / PI) in C by (field; lra).
  replace (1 / 2 - 2 * (1 / (2 * PI))) with (1 / 2 - 1 / PI) in C by (field; lra).
  assert (A : forall v, apply 4 G v i = apply 4 (fun i j => match (i + 4 - j) mod 4 with O => 1 / 2 | 2%nat => 0 | _ => 1 / (2 * PI) end) v i).
  { intros v. unfold apply. apply dot_ext; intros j Hj; [apply E|easy]. }
  rewrite !A. exact C.
Qed.

(** (2 p - 1)!! <= 2^p p!, and half of it is at most p!/2 4 2^(p - 2) for p >= 2 *)
Fixpoint odd_factorial (p : nat) : R := match p with O => 1 | S k => odd_factorial k * (2 * INR k + 1) end.
Theorem double_factorial p : odd_factorial p <= 2 ^ p * INR (fact p) /\
  ((2 <= p)%nat -> / 2 * odd_factorial p <= INR (fact p) / 2 * 4 * 2 ^ (p - 2)).
Proof.
  assert (F : odd_factorial p <= 2 ^ p * INR (fact p)).
  { induction p as [|p IH]; [simpl; lra|]. rewrite fact_simpl, mult_INR, S_INR. simpl odd_factorial. simpl pow.
    assert (0 <= odd_factorial p) by (clear IH; induction p; simpl; [lra|]; pose proof (pos_INR p); nra).
    pose proof (pos_INR p). replace (2 * 2 ^ p * ((INR p + 1) * INR (fact p))) with (2 ^ p * INR (fact p) * (2 * (INR p + 1))) by ring.
    apply Rmult_le_compat; lra. }
  split; [exact F|]. intros Hp. replace (2 ^ p) with (4 * 2 ^ (p - 2)) in F; [lra|].
  replace p with (2 + (p - 2))%nat at 2 by lia. rewrite pow_add. simpl. ring.
Qed.
(** Bernstein's exponent with v = 4 m, c = 2 at the deviation m t *)
Theorem bernstein_exponent m t : 0 < m -> 0 <= t -> (m * t) * (m * t) / (2 * (4 * m + 2 * (m * t))) = m * (t * t) / (2 * (4 + 2 * t)).
Proof. intros Hm Ht. replace (4 * m + 2 * (m * t)) with (m * (4 + 2 * t)) by ring. field. split; lra. Qed.
(** one input: the matrix is a; two inputs: the matrix with a on the diagonal and g >= 0 off it has the eigenvectors (1, 1), (1, -1), and its least
    eigenvalue is a - g *)
Theorem pair_spectrum a g : let G := fun i j => if Nat.eqb i j then a else g in
  (forall v, form 1 G v = a * dot 1 v v) /\
  (forall v, form 2 G v = (a + g) * ((v O + v 1%nat) * (v O + v 1%nat) / 2) + (a - g) * ((v O - v 1%nat) * (v O - v 1%nat) / 2)) /\
  (forall i, (i < 2)%nat -> apply 2 G (fun _ => 1) i = (a + g) * 1) /\
  (let w := fun i => match i with O => 1 | _ => -1 end : R in forall i, (i < 2)%nat -> apply 2 G w i = (a - g) * w i) /\
  (0 <= g -> eigenvalue_at_least 2 G (a - g)).
Proof.
  intros G. assert (E : forall v, form 2 G v = (a + g) * ((v O + v 1%nat) * (v O + v 1%nat) / 2) + (a - g) * ((v O - v 1%nat) * (v O - v 1%nat) / 2)).
  { intros v. unfold form, G. simpl. field. }
  split; [intros v; unfold form, dot, G; simpl; ring|]. split; [exact E|]. split; [|split].
  - intros i Hi. do 2 (destruct i as [|i]; [unfold apply, dot, G; simpl; ring|]). lia.
  - intros w i Hi. do 2 (destruct i as [|i]; [unfold apply, dot, G, w; simpl; ring|]). lia.
  - intros Hg v. rewrite E. unfold dot. simpl. assert (0 <= (v O + v 1%nat) * (v O + v 1%nat)) by apply Rle_0_sqr. nra.
Qed.

(** y = (1 - x)^(-1/2) solves 2 (1 - x) y' = y, so 2 (k + 1) c_(k+1) = (2 k + 1) c_k; the numbers binomial(2k, k) / 4^k do *)
Fixpoint central (k : nat) : R := match k with O => 1 | S l => central l * (2 * INR l + 1) / (2 * (INR l + 1)) end.
Theorem inverse_root_series x k : x < 1 ->
  is_derive (fun t => / sqrt (1 - t)) x (/ sqrt (1 - x) / (2 * (1 - x))) /\
  central k = INR (fact (2 * k)) / (INR (fact k) * INR (fact k)) / 4 ^ k.
Proof.
  intros Hx. pose proof (sqrt_lt_R0 (1 - x) ltac:(lra)) as SP. split.
  - auto_derive; replace (1 + - x) with (1 - x) by ring; [repeat split; lra|]. pose proof (sqrt_sqrt (1 - x) ltac:(lra)) as Q.
    replace (/ sqrt (1 - x) / (2 * (1 - x))) with (/ sqrt (1 - x) / (2 * (sqrt (1 - x) * sqrt (1 - x)))) by (now rewrite Q). field. lra.
  - induction k as [|k IH]; [simpl; field|]. simpl central. rewrite IH.
    replace (2 * S k)%nat with (S (S (2 * k))) by lia. rewrite !fact_simpl, !mult_INR, !S_INR, mult_INR. simpl (INR 2). simpl pow.
    pose proof (INR_fact_neq_0 k). pose proof (INR_fact_neq_0 (2 * k)). pose proof (pos_INR k). pose proof (pow_lt 4 k ltac:(lra)). field. repeat split; lra.
Qed.
(** g'(K) = gamma^2 (3/4 - arctan(s)/(2 pi)) <= 3/4 gamma^2 *)
Theorem limit_contraction g2 s : 0 <= g2 -> 0 <= s -> 0 <= g2 * (3 / 4 - atan s / (2 * PI)) <= 3 / 4 * g2.
Proof.
  intros Hg Hs. pose proof PI_RGT_0 as P. pose proof (atan_bound s) as B.
  assert (A : 0 <= atan s) by (destruct Hs as [Hs| <-]; [rewrite <- atan_0; left; now apply atan_increasing|rewrite atan_0; lra]).
  assert (Q : 0 <= atan s / (2 * PI) <= / 4).
  { split; [apply below_over; lra|apply over_below; lra]. }
  split; [apply Rmult_le_pos; lra|]. nra.
Qed.
(** x^2 - x^4/12 <= 2 (1 - cos x) <= x^2 for x >= 0, and so for all x *)
Lemma increasing_from f f' : (forall x, is_derive f x (f' x)) -> (forall x, 0 <= x -> 0 <= f' x) -> forall x, 0 <= x -> f 0 <= f x.
Proof.
  intros D P x [Hx| <-]; [|lra]. destruct (MVT_gen f 0 x f') as (c & Hc & E).
  - intros t _. apply D.
  - intros t _. apply continuity_pt_filterlim, (ex_derive_continuous f). now exists (f' t).
  - rewrite Rmin_left, Rmax_right in Hc by lra. pose proof (P c ltac:(lra)). nra.
Qed.
Theorem cosine_between x : x * x - / 12 * (x * x * (x * x)) <= 2 * (1 - cos x) <= x * x.
Proof.
  assert (G : forall t, 0 <= t -> t * t - / 12 * (t * t * (t * t)) <= 2 * (1 - cos t) <= t * t).
  { assert (S0 : forall t, 0 <= t -> sin t <= t).
    { intros t Ht. pose proof (increasing_from (fun s => s - sin s) (fun s => 1 - cos s)) as I.
      assert (0 - sin 0 <= t - sin t); [|rewrite sin_0 in *; lra]. apply I; [|intros s _; pose proof (COS_bound s); lra|easy].
      intros s. auto_derive; [easy|ring]. }
    assert (C2 : forall t, 0 <= t -> 2 * (1 - cos t) <= t * t).
    { intros t Ht. pose proof (increasing_from (fun s => s * s - 2 * (1 - cos s)) (fun s => 2 * s - 2 * sin s)) as I.
      assert (0 * 0 - 2 * (1 - cos 0) <= t * t - 2 * (1 - cos t)); [|rewrite cos_0 in *; lra].
      apply I; [|intros s Hs; specialize (S0 s Hs); lra|easy]. intros s. auto_derive; [easy|ring]. }
    assert (S3 : forall t, 0 <= t -> t - / 6 * (t * t * t) <= sin t).
    { intros t Ht. pose proof (increasing_from (fun s => sin s - s + / 6 * (s * s * s)) (fun s => cos s - 1 + / 2 * (s * s))) as I.
      assert (sin 0 - 0 + / 6 * (0 * 0 * 0) <= sin t - t + / 6 * (t * t * t)); [|rewrite sin_0 in *; lra].
      apply I; [|intros s Hs; specialize (C2 s Hs); lra|easy]. intros s. auto_derive; [easy|field]. }
    intros t Ht. split; [|now apply C2].
    pose proof (increasing_from (fun s => 2 * (1 - cos s) - s * s + / 12 * (s * s * (s * s))) (fun s => 2 * sin s - 2 * s + / 3 * (s * s * s))) as I.
    assert (2 * (1 - cos 0) - 0 * 0 + / 12 * (0 * 0 * (0 * 0)) <= 2 * (1 - cos t) - t * t + / 12 * (t * t * (t * t))); [|rewrite cos_0 in *; lra].
    apply I; [|intros s Hs; specialize (S3 s Hs); lra|easy]. intros s. auto_derive; [easy|field]. }
  destruct (Rle_dec 0 x) as [H|H]; [now apply G|]. pose proof (G (- x) ltac:(lra)) as K. rewrite cos_neg in K.
  replace (- x * - x) with (x * x) in K by ring. exact K.
Qed.
(** upper end: sum (w_j . h)^2 / m = h . S h <= lambda_max |h|^2 bounds 2/m sum (1 - cos w_j . h) *)
Theorem largest_quotient m d (w : nat -> vector) h l : (0 < m)%nat ->
  sum m (fun j => dot d (w j) h * dot d (w j) h) / INR m <= l * dot d h h ->
  2 / INR m * sum m (fun j => 1 - cos (dot d (w j) h)) <= l * dot d h h.
Proof.
  intros Hm H. eapply Rle_trans; [|exact H]. assert (P : 0 < INR m) by now apply lt_0_INR.
  replace (2 / INR m * sum m (fun j => 1 - cos (dot d (w j) h))) with (sum m (fun j => 2 * (1 - cos (dot d (w j) h))) / INR m) by (rewrite sum_scale; field; lra).
  unfold Rdiv. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. apply sum_le. intros j _. apply cosine_between.
Qed.
(** cos a cos b + sin a sin b = cos (a - b) *)
Theorem feature_product a b : cos a * cos b + sin a * sin b = cos (a - b).
Proof. now rewrite cos_minus. Qed.
(** a symmetric matrix has norm at most its largest row sum *)
Theorem row_sums n A s v : symmetric n A -> (forall i, (i < n)%nat -> sum n (fun j => Rabs (A i j)) <= s) -> Rabs (form n A v) <= s * dot n v v.
Proof.
  intros HS Hs. unfold form.
  assert (B : Rabs (form n A v) <= sum n (fun i => sum n (fun j => Rabs (A i j) * ((v i * v i + v j * v j) / 2)))).
  { unfold form. eapply Rle_trans; [apply sum_abs|]. apply sum_le. intros i _. eapply Rle_trans; [apply sum_abs|]. apply sum_le. intros j _.
    rewrite Rmult_assoc, Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|]. apply Rabs_le.
    assert (0 <= (v i - v j) * (v i - v j)) by apply Rle_0_sqr. assert (0 <= (v i + v j) * (v i + v j)) by apply Rle_0_sqr. lra. }
  eapply Rle_trans; [exact B|].
  rewrite (sum_ext n _ (fun i => sum n (fun j => / 2 * (Rabs (A i j) * (v i * v i))) + sum n (fun j => / 2 * (Rabs (A i j) * (v j * v j))))).
  2:{ intros i _. rewrite <- sum_plus. apply sum_ext. intros. field. }
  rewrite sum_plus, (sum_swap n n (fun i j => / 2 * (Rabs (A i j) * (v j * v j)))), <- sum_plus. unfold dot. rewrite <- sum_scale. apply sum_le. intros i Hi.
  rewrite <- sum_plus. apply Rle_trans with (sum n (fun j => Rabs (A i j)) * (v i * v i)).
  - right. rewrite <- sum_scale_right. apply sum_ext. intros j Hj. rewrite (HS j i) by easy. field.
  - apply Rmult_le_compat_r; [apply Rle_0_sqr|now apply Hs].
Qed.
(** Weyl: K' >= (lambda - N eps) I when no entry moves by more than eps *)
Theorem feature_weyl n K K' l eps : symmetric n K -> symmetric n K' -> eigenvalue_at_least n K l ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> Rabs (K' i j - K i j) <= eps) -> eigenvalue_at_least n K' (l - INR n * eps).
Proof.
  intros HS HS' HK He v. pose proof (row_sums n (fun i j => K' i j - K i j) (INR n * eps) v) as R0.
  rewrite form_minus in R0. assert (B : Rabs (form n K' v - form n K v) <= INR n * eps * dot n v v).
  { apply R0.
    - intros i j Hi Hj. now rewrite HS, HS'.
    - intros i Hi. rewrite <- sum_constant. apply sum_le. intros j Hj. now apply He. }
  pose proof (Rle_abs (- (form n K' v - form n K v))) as A. rewrite Rabs_Ropp in A. specialize (HK v). lra.
Qed.
(** the discs stand around 1 and have radii at most (N - 1) k: both ends of the spectrum *)
Theorem kernel_discs n K k : symmetric n K -> (forall i, (i < n)%nat -> K i i = 1) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> i <> j -> Rabs (K i j) <= k) ->
  eigenvalue_at_least n K (1 - (INR n - 1) * k) /\ eigenvalue_at_most n K (1 + (INR n - 1) * k).
Proof.
  intros HS HD Hk. set (E := fun i j => K i j - identity i j).
  assert (B : forall v, Rabs (form n E v) <= (INR n - 1) * k * dot n v v).
  { intros v. apply row_sums.
    - intros i j Hi Hj. unfold E, identity. now rewrite HS, (Nat.eqb_sym i j).
    - intros i Hi. eapply Rle_trans with (sum n (fun j => k - k * (if Nat.eqb j i then 1 else 0))).
      + apply sum_le. intros j Hj. unfold E, identity. rewrite (Nat.eqb_sym i j). destruct (Nat.eqb_spec j i) as [->|N].
        * rewrite HD by easy. rewrite Rminus_diag_eq, Rabs_R0 by easy. lra.
        * rewrite Rminus_0_r. pose proof (Hk i j Hi Hj (not_eq_sym N)). lra.
      + rewrite sum_minus, sum_constant, (sum_pick n i (fun _ => k)) by easy. lra. }
  assert (F : forall v, form n E v = form n K v - dot n v v).
  { intros v. unfold E. rewrite form_minus. f_equal. rewrite (form_ext n identity (fun i j => 1 * identity i j)) by (intros; ring).
    rewrite (form_diagonal n (fun _ => 1)). apply sum_ext. intros; ring. }
  split; intros v; specialize (B v); rewrite F in B; pose proof (Rle_abs (form n K v - dot n v v)) as P; pose proof (Rle_abs (- (form n K v - dot n v v))) as Q;
    rewrite Rabs_Ropp in Q; lra.
Qed.
(** (N - 1) exp(-d^2 / (2 s^2)) = 1/2 at d = s sqrt(2 log(2 (N - 1))) *)
Theorem gauss_separation N s : 1 <= 2 * N -> s <> 0 ->
  let d := s * sqrt (2 * ln (2 * N)) in N * exp (- (d * d / (2 * (s * s)))) = / 2.
Proof.
  intros HN Hs d. assert (L : 0 <= ln (2 * N)).
  { destruct HN as [HN|HN]; [rewrite <- ln_1; left; apply ln_increasing; lra|rewrite <- HN, ln_1; lra]. }
  replace (d * d / (2 * (s * s))) with (sqrt (2 * ln (2 * N)) * sqrt (2 * ln (2 * N)) / 2) by (unfold d; field; easy).
  rewrite sqrt_sqrt by lra. replace (2 * ln (2 * N) / 2) with (ln (2 * N)) by field. rewrite exp_Ropp, exp_ln by lra. field. lra.
Qed.
(** the recipe's rate and loss: mu = 2/N s_B^2 e^(-2 k R) lam with s_B = 1, k R = 1, lam >= 1/2 is at least 2/N e^-2 1/2 = e^-2/N, and
    s^2 e^-2/(4 N) >= L_0 where s^2 >= 4 e^2 N L_0 *)
Theorem recipe_rate N lam mu sB kR : 0 < N -> sB = 1 -> kR = 1 -> / 2 <= lam -> mu = 2 / N * (sB * sB) * exp (- (2 * kR)) * lam ->
  2 / N * exp (- (2)) * / 2 <= mu /\ 2 / N * exp (- (2)) * / 2 = exp (- (2)) / N.
Proof.
  intros HN -> -> Hl ->. split; [|field; lra]. rewrite !Rmult_1_r. apply Rmult_le_compat_l; [|easy].
  apply Rmult_le_pos; [left; apply Rdiv_lt_0_compat; lra|left; apply exp_pos].
Qed.
Theorem recipe_loss N s L0 mu : 0 < N -> 4 * exp 2 * N * L0 <= s * s -> exp (- (2)) / N <= mu ->
  s * s / (4 * exp 2 * N) <= / 4 * (s * s) * mu /\ L0 <= s * s / (4 * exp 2 * N).
Proof.
  intros HN Hs Hm. pose proof (exp_pos 2) as E. rewrite exp_Ropp in Hm. split; [|apply below_over; [nra|lra]].
  replace (s * s / (4 * exp 2 * N)) with (/ 4 * (s * s) * (/ exp 2 / N)) by (field; lra).
  apply Rmult_le_compat_l; [|easy]. pose proof (Rle_0_sqr s). unfold Rsqr in *. lra.
Qed.
(** d/dr log(r^2 exp(-2 c)) = 2/r - 2/(1 - r/q)^2 for c = r / (1 - r/q) *)
Theorem recipe_depth r q : 0 < r -> 0 < q -> r < q -> is_derive (fun r => ln (r * r) - 2 * (r / (1 - r / q))) r (2 / r - 2 / ((1 - r / q) * (1 - r / q))).
Proof.
  intros Hr Hq Hrq. assert (A : r / q < 1) by (apply Rlt_div_l; lra). auto_derive; [repeat split; try nra; intro Z; unfold Rdiv in *; lra|].
  field. repeat split; try lra. 
Qed.
(** at R = sqrt(l)/(2 sqrt N k): sqrt l - sqrt N k R = sqrt l / 2, and R^2 mu / 4 with mu = 2 sB^2 e^(-2 k R) l / (4 N) is the stated bound of the loss *)
Theorem lazy_half l N k : 0 < N -> 0 < k -> 0 <= l ->
  sqrt l - sqrt N * k * (sqrt l / (2 * sqrt N * k)) = / 2 * sqrt l /\ / 2 * sqrt l * (/ 2 * sqrt l) = l / 4.
Proof.
  intros HN Hk Hl. split; [field; pose proof (sqrt_lt_R0 N HN); split; lra|].
  replace (/ 2 * sqrt l * (/ 2 * sqrt l)) with (sqrt l * sqrt l / 4) by field. now rewrite sqrt_sqrt.
Qed.
Theorem lazy_loss l N k sB : 0 < N -> 0 < k -> 0 <= l ->
  / 4 * ((sqrt l / (2 * sqrt N * k)) * (sqrt l / (2 * sqrt N * k))) * (2 / N * (sB * sB) * exp (- (2 * k * (sqrt l / (2 * sqrt N * k)))) * (l / 4)) =
  sB * sB * (l * l) * exp (- sqrt (l / N)) / (32 * (N * N) * (k * k)).
Proof.
  intros HN Hk Hl. pose proof (sqrt_lt_R0 N HN) as P. replace (2 * k * (sqrt l / (2 * sqrt N * k))) with (sqrt l / sqrt N) by (field; lra).
  rewrite <- sqrt_div by lra. pose proof (sqrt_sqrt N ltac:(lra)) as QN. pose proof (sqrt_sqrt l Hl) as QL.
  replace (/ 4 * (sqrt l / (2 * sqrt N * k) * (sqrt l / (2 * sqrt N * k)))) with (sqrt l * sqrt l / (16 * (sqrt N * sqrt N) * (k * k))) by (field; lra).
  rewrite QN, QL. field. lra.
Qed.
(** |k(., z) p - k(., z') p'| <= k1 |z - z'| |p| + k0 |p - p'| for features psi, k(., z) p = psi(z) p^T *)
Theorem section_split m q (f f' p p' : vector) k0 dz : norm m (fun i => f i - f' i) <= dz -> norm m f' <= k0 ->
  frobenius m q (fun i j => f i * p j - f' i * p' j) <= dz * norm q p + k0 * norm q (fun j => p j - p' j).
Proof.
  intros Hd Hk. assert (O : forall (u w : vector), frobenius m q (fun i j => u i * w j) = norm m u * norm q w).
  { intros u w. unfold frobenius. rewrite (sum_ext m _ (fun i => (norm q w * norm q w) * (u i * u i))).
    - rewrite sum_scale. change (sum m (fun i => u i * u i)) with (dot m u u). rewrite <- norm_square.
      replace (norm q w * norm q w * (norm m u * norm m u)) with ((norm m u * norm q w) * (norm m u * norm q w)) by ring.
      apply sqrt_square, Rmult_le_pos; apply norm_pos.
    - intros i _. rewrite dot_scale, dot_comm, dot_scale, norm_square. ring. }
  rewrite (frobenius_ext m q _ (fun i j => (f i - f' i) * p j + f' i * (p j - p' j))) by (intros; ring).
  eapply Rle_trans; [apply frobenius_triangle|]. rewrite (O (fun i => f i - f' i) p), (O f' (fun j => p j - p' j)).
  apply Rplus_le_compat; apply Rmult_le_compat_r; try apply norm_pos; easy.
Qed.
(** at t = l / (4 n), l <= 1/2: 2 (4 + 2 t) <= 17/2, and m t^2 / (17/2) >= log once m >= 136 n^2 log / l^2; and a symmetric matrix of order n has
    norm at most n times its largest entry *)
Theorem concentration_width_constant (n : nat) m l lg : (0 < n)%nat -> 0 < l <= / 2 -> 136 * (INR n * INR n) / (l * l) * lg <= m -> 0 <= lg ->
  let t := l / (4 * INR n) in 2 * (4 + 2 * t) <= 17 / 2 /\ lg <= m * (t * t) / (2 * (4 + 2 * t)) /\
  forall A eps v, symmetric n A -> (forall i j, (i < n)%nat -> (j < n)%nat -> Rabs (A i j) <= eps) -> Rabs (form n A v) <= INR n * eps * dot n v v.
Proof.
  intros Hn Hl Hm Hlg t. assert (Pn : 1 <= INR n) by (apply (le_INR 1), Hn).
  assert (T : 0 < t <= / 8) by (unfold t; split; [apply Rdiv_lt_0_compat; lra|apply over_below; lra]).
  split; [lra|]. split.
  - apply below_over; [lra|]. apply Rle_trans with (lg * (17 / 2)); [apply Rmult_le_compat_l; lra|].
    replace (lg * (17 / 2)) with (136 * (INR n * INR n) / (l * l) * lg * (t * t)) by (unfold t; field; lra).
    apply Rmult_le_compat_r; [apply Rle_0_sqr|easy].
  - intros A eps v HS HA. apply row_sums; [easy|]. intros i Hi. rewrite <- sum_constant. apply sum_le. intros j Hj. now apply HA.
Qed.
