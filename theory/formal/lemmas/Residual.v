(** Residual networks: states and adjoints of finitely many layers, products of layers, random features. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certigram.lemmas Require Import Vectors Equilibrium Matrices Spectra.
Open Scope R_scope.

Lemma exp_monotone x y : x <= y -> exp x <= exp y.
Proof. intros [H| ->]; [left; now apply exp_increasing|lra]. Qed.
Fixpoint product (n : nat) (f : nat -> R) : R := match n with O => 1 | S k => product k f * f k end.

(** log (1 - x) >= -x / (1 - x) *)
Theorem log_lower_bound x : 0 <= x < 1 -> - x / (1 - x) <= ln (1 - x).
Proof.
  intros Hx. pose proof (exp_ineq1_le (x / (1 - x))) as E. replace (1 + x / (1 - x)) with (/ (1 - x)) in E by (field; lra).
  apply ln_le in E; [|apply Rinv_0_lt_compat; lra]. rewrite ln_exp, ln_Rinv in E by lra. unfold Rdiv in *. lra.
Qed.

(** prod (1 - x_l) >= exp (- sum x_l / (1 - X)) >= exp (- s / (1 - X)), where x_l <= X < 1 and sum x_l <= s *)
Theorem product_lower_bound n x X s : (forall l, (l < n)%nat -> 0 <= x l <= X) -> X < 1 -> sum n x <= s ->
  exp (- (sum n x / (1 - X))) <= product n (fun l => 1 - x l) /\ exp (- (s / (1 - X))) <= exp (- (sum n x / (1 - X))).
Proof.
  intros Hx HX Hs. split.
  - clear Hs. induction n as [|n IH]; simpl.
    + unfold Rdiv. rewrite Rmult_0_l, Ropp_0, exp_0. lra.
    + assert (H : 0 <= x n <= X) by (apply Hx; lia).
      replace (- ((sum n x + x n) / (1 - X))) with (- (sum n x / (1 - X)) + - (x n / (1 - X))) by (field; lra).
      rewrite exp_plus. apply Rmult_le_compat; try (left; apply exp_pos); [apply IH; intros; apply Hx; lia|].
      rewrite <- (exp_ln (1 - x n)) by lra. apply exp_monotone. 
      pose proof (log_lower_bound (x n) ltac:(lra)). 
      assert (x n / (1 - x n) <= x n / (1 - X)).
      { unfold Rdiv. apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra. }
      unfold Rdiv in *. lra.
  - apply exp_monotone. apply Ropp_le_contravar. unfold Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|easy].
Qed.

(** the shares of the layers: sum v_l / D <= (sum v_l^2 / D)^(1/2) <= R, and v_l / D <= R / sqrt D *)
Theorem layer_shares D k1 (v : vector) R0 : (0 < D)%nat -> 0 <= k1 -> 0 <= R0 -> (forall l, 0 <= v l) ->
  sum D (fun l => v l * v l) / INR D <= R0 * R0 ->
  sum D (fun l => k1 * v l / INR D) <= k1 * R0 /\ (forall l, (l < D)%nat -> k1 * v l / INR D <= k1 * R0 / sqrt (INR D)) /\
  (k1 * R0 < sqrt (INR D) -> k1 * R0 / sqrt (INR D) < 1).
Proof.
  intros HD Hk HR Hv H. assert (HI : 0 < INR D) by (apply lt_0_INR; easy). apply (proj1 (Rle_div_l _ _ _ HI)) in H.
  pose proof (sqrt_lt_R0 _ HI) as HQ. pose proof (sqrt_sqrt (INR D) ltac:(lra)) as QQ. split; [|split; [|intros L; apply Rlt_div_l; lra]].
  - rewrite (sum_ext D _ (fun l => k1 / INR D * v l)) by (intros; field; lra). rewrite sum_scale.
    assert (C : sum D v <= INR D * R0).
    { pose proof (cauchy_squares D (fun _ => 1) v) as C. unfold dot in C. cbv beta in C.
      rewrite (sum_ext D (fun i => 1 * v i) v), (sum_ext D (fun i => 1 * 1) (fun _ => 1)), sum_constant in C by (intros; ring).
      assert (P : 0 <= sum D v) by (apply sum_nonneg; intros; apply Hv).
      apply Rsqr_incr_0_var; [|nra]. unfold Rsqr. nra. }
    unfold Rdiv. rewrite Rmult_assoc. apply Rmult_le_compat_l; [easy|]. rewrite Rmult_comm. apply over_below; lra.
  - intros l Hl. assert (B : v l * v l <= R0 * R0 * INR D).
    { eapply Rle_trans; [|exact H]. apply (sum_member D (fun l => v l * v l)); [easy|intros; apply Rle_0_sqr]. }
    assert (V : v l <= R0 * sqrt (INR D)).
    { apply Rsqr_incr_0_var; [|apply Rmult_le_pos; lra]. unfold Rsqr. replace (R0 * sqrt (INR D) * (R0 * sqrt (INR D))) with (R0 * R0 * (sqrt (INR D) * sqrt (INR D))) by ring. rewrite QQ. easy. }
    replace (k1 * v l / INR D) with (k1 / INR D * v l) by (field; lra).
    replace (k1 * R0 / sqrt (INR D)) with (k1 / INR D * (R0 * sqrt (INR D))).
    + apply Rmult_le_compat_l; [|easy]. apply below_over; lra.
    + rewrite <- QQ at 1. field. lra.
Qed.

(** a layer z + v(z)/D, where v has the Lipschitz constant k, separates states by at least the factor 1 - k/D *)
Theorem layer_lower_bound n (f : vector -> vector) D k (y z : vector) : 0 < D ->
  norm n (fun i => f y i - f z i) <= k * norm n (fun i => y i - z i) ->
  (1 - k / D) * norm n (fun i => y i - z i) <= norm n (fun i => (y i + f y i / D) - (z i + f z i / D)).
Proof.
  intros HD H.
  assert (T : norm n (fun i => y i - z i) <= norm n (fun i => (y i + f y i / D) - (z i + f z i / D)) + norm n (fun i => / D * (f y i - f z i))).
  { rewrite (norm_ext n (fun i => y i - z i) (fun i => ((y i + f y i / D) - (z i + f z i / D)) - / D * (f y i - f z i))) by (intros; field; lra).
    apply norm_difference. }
  rewrite norm_scale, Rabs_pos_eq in T by (left; now apply Rinv_0_lt_compat).
  assert (/ D * norm n (fun i => f y i - f z i) <= k / D * norm n (fun i => y i - z i)).
  { replace (k / D * norm n (fun i => y i - z i)) with (/ D * (k * norm n (fun i => y i - z i))) by (field; lra).
    apply Rmult_le_compat_l; [left; now apply Rinv_0_lt_compat|easy]. }
  lra.
Qed.
(** and the upper bounds, since 1 + x <= exp x *)
Theorem exponential_above_line n x : (forall l, 0 <= x l) -> product n (fun l => 1 + x l) <= exp (sum n x).
Proof.
  intros Hx. induction n; simpl; [rewrite exp_0; lra|]. rewrite exp_plus. apply Rmult_le_compat; [| | |apply exp_ineq1_le].
  - clear IHn. induction n; simpl; [lra|]. apply Rmult_le_pos; [easy|]. specialize (Hx n). lra.
  - specialize (Hx n). lra.
  - easy.
Qed.

(** d/dt log |d| = d . d' / |d|^2 *)
Theorem log_derivative n (d : R -> vector) (d' : vector) t : (forall i, is_derive (fun s => d s i) t (d' i)) -> 0 < norm n (d t) ->
  is_derive (fun s => ln (norm n (d s))) t (dot n (d t) d' / (norm n (d t) * norm n (d t))).
Proof.
  intros HD HN. pose proof (dot_derivative n d d d' d' t HD HD) as HE. rewrite (dot_comm n d' (d t)) in HE.
  assert (P : 0 < dot n (d t) (d t)) by (rewrite <- norm_square; now apply Rmult_lt_0_compat). unfold norm in *.
  set (N := fun s => dot n (d s) (d s)) in *. change (is_derive (fun s => ln (sqrt (N s))) t (dot n (d t) d' / (sqrt (N t) * sqrt (N t)))).
  change (0 < N t) in P. change (0 < sqrt (N t)) in HN. auto_derive; [repeat split; try easy; eexists; exact HE|].
  replace (Derive _ t) with (dot n (d t) d' + dot n (d t) d') by (symmetry; now apply is_derive_unique). field. lra.
Qed.
(** |d . v(z) - d . v(z')| <= k |v| |d|^2 *)
Theorem log_derivative_bound n (d f : vector) k : norm n f <= k * norm n d -> Rabs (dot n d f) <= norm n d * norm n f /\ norm n d * norm n f <= k * (norm n d * norm n d).
Proof. intros H. split; [apply cauchy_abs|]. pose proof (norm_pos n d). nra. Qed.

(** |B^T r|^2 >= sigma_B^2 |r|^2, and the adjoint p shrinks by at most exp(-k R) *)
Theorem readout_bound n m (Bt : matrix) sB k R0 (r p p1 : vector) : 0 <= sB -> (forall x, sB * norm n x <= norm m (apply n Bt x)) ->
  (forall i, (i < m)%nat -> p1 i = apply n Bt r i) -> exp (- (k * R0)) * norm m p1 <= norm m p ->
  sB * sB * dot n r r <= dot m p1 p1 /\ exp (- (2 * k * R0)) * (sB * sB * dot n r r) <= dot m p p.
Proof.
  intros Hs HB Hp H.
  assert (A : sB * norm n r <= norm m p1) by (rewrite (norm_ext m p1 (apply n Bt r)) by easy; apply HB).
  pose proof (norm_pos n r). pose proof (norm_pos m p1). pose proof (norm_pos m p). pose proof (exp_pos (- (k * R0))) as E.
  assert (F : sB * sB * dot n r r <= dot m p1 p1) .
  { rewrite <- !norm_square. assert (0 <= sB * norm n r) by nra. replace (sB * sB * (norm n r * norm n r)) with (sB * norm n r * (sB * norm n r)) by ring.
    apply Rmult_le_compat; easy. }
  split; [exact F|].
  replace (exp (- (2 * k * R0))) with (exp (- (k * R0)) * exp (- (k * R0))) by (rewrite <- exp_plus; f_equal; ring).
  apply Rle_trans with (exp (- (k * R0)) * exp (- (k * R0)) * dot m p1 p1).
  - apply Rmult_le_compat_l; [nra|easy].
  - rewrite <- !norm_square. assert (0 <= exp (- (k * R0)) * norm m p1) by nra. nra.
Qed.
(** the factors of the inequality: sum_i |F_i - y_i|^2 = 2 N L *)
Theorem pl_factors N sB k R0 lam L S G : 0 < N -> S = 2 * N * L -> G >= / (N * N) * (lam * (exp (- (2 * k * R0)) * (sB * sB) * S)) ->
  G >= 2 / N * (sB * sB) * exp (- (2 * k * R0)) * lam * L.
Proof. intros HN -> H. replace (2 / N * (sB * sB) * exp (- (2 * k * R0)) * lam * L) with (/ (N * N) * (lam * (exp (- (2 * k * R0)) * (sB * sB) * (2 * N * L)))) by (field; lra). exact H. Qed.

(** ** Adjoints *)

(** one layer: p' . d' - p . d = p' . w / D, where d' = d + (J d + w) / D and p = p' + J^T p' / D *)
Theorem adjoint_layer n D (J : matrix) (d d' w p p' : vector) : D <> 0 ->
  (forall i, d' i = d i + / D * (apply n J d i + w i)) -> (forall j, p j = p' j + / D * sum n (fun i => J i j * p' i)) ->
  dot n p' d' - dot n p d = / D * dot n p' w.
Proof.
  intros HD Hd Hp.
  rewrite (dot_ext n p' p' d' (fun i => d i + / D * (apply n J d i + w i))) by (intros; easy || apply Hd).
  rewrite (dot_ext n p (fun j => p' j + / D * sum n (fun i => J i j * p' i)) d d) by (intros; easy || apply Hp).
  rewrite (dot_comm n p'), !dot_plus, !dot_scale, !dot_plus.
  assert (E : dot n (apply n J d) p' = dot n (fun j => sum n (fun i => J i j * p' i)) d).
  { change (sum n (fun i => sum n (fun j => J i j * d j) * p' i) = sum n (fun j => sum n (fun i => J i j * p' i) * d j)). rewrite (sum_ext n (fun i => sum n (fun j => J i j * d j) * p' i) (fun i => sum n (fun j => J i j * d j * p' i))) by (intros; now rewrite sum_scale_right).
    rewrite sum_swap. apply sum_ext. intros j _. rewrite <- sum_scale_right. apply sum_ext. intros; ring. }
  rewrite E, (dot_comm n d p'), (dot_comm n w p'). ring.
Qed.
(** sum over the layers, from d_0 = 0, and the mean over the inputs i *)
Theorem adjoint_sum n D m N (ds ps ws : nat -> nat -> vector) : (forall i j, ds i O j = 0) ->
  (forall i l, dot n (ps i (S l)) (ds i (S l)) - dot n (ps i l) (ds i l) = / D * dot n (ps i (S l)) (ws i l)) ->
  / INR N * sum N (fun i => dot n (ps i m) (ds i m)) = / D * sum m (fun l => / INR N * sum N (fun i => dot n (ps i (S l)) (ws i l))).
Proof.
  intros H0 H. assert (G : forall i, dot n (ps i m) (ds i m) = / D * sum m (fun l => dot n (ps i (S l)) (ws i l))).
  { intros i. induction m; simpl.
    - unfold dot. rewrite sum_zero; [ring|]. intros j _. rewrite H0. ring.
    - specialize (H i m). rewrite Rmult_plus_distr_l, <- IHm. lra. }
  rewrite (sum_ext N _ (fun i => / D * sum m (fun l => dot n (ps i (S l)) (ws i l)))) by (intros; apply G).
  rewrite sum_scale, sum_swap, (sum_scale m (/ INR N)). ring.
Qed.
(** p . W psi = <W, p psi^T> *)
Theorem reproducing_property m n (W : matrix) (p psi : vector) : dot m p (apply n W psi) = sum m (fun i => sum n (fun j => W i j * (p i * psi j))).
Proof. unfold dot at 1, apply. apply sum_ext. intros i _. unfold dot. rewrite <- sum_scale. apply sum_ext. intros; ring. Qed.
(** |1/N sum_i p_i psi_i^T|_F^2 = 1/N^2 sum_ij (psi_i . psi_j) (p_i . p_j) *)
Theorem adjoint_norm N m n (p psi : nat -> vector) :
  sum m (fun a => sum n (fun b => (/ INR N * sum N (fun i => p i a * psi i b)) * (/ INR N * sum N (fun i => p i a * psi i b)))) =
  / INR N * / INR N * sum N (fun i => sum N (fun j => dot n (psi i) (psi j) * dot m (p i) (p j))).
Proof.
  rewrite <- sum_scale. set (c := / INR N).
  rewrite (sum_ext m _ (fun a => sum N (fun i => sum N (fun j => c * c * (dot n (psi i) (psi j) * (p i a * p j a)))))).
  - rewrite sum_swap. apply sum_ext. intros i _. rewrite sum_swap, <- sum_scale. apply sum_ext. intros j _.
    rewrite !sum_scale. easy.
  - intros a _. rewrite (sum_ext n _ (fun b => sum N (fun i => sum N (fun j => c * c * (psi i b * psi j b * (p i a * p j a)))))).
    + rewrite sum_swap. apply sum_ext. intros i _. rewrite sum_swap. apply sum_ext. intros j _.
      unfold dot. rewrite sum_scale, <- sum_scale_right. easy.
    + intros b _. rewrite <- (sum_scale N c). rewrite <- sum_scale_right. apply sum_ext. intros i _.
      rewrite <- !sum_scale. apply sum_ext. intros; ring.
Qed.

(** (cos a - cos b)^2 + (sin a - sin b)^2 = 2 (1 - cos (a - b)), so the features move by this much *)
Theorem slope_distance m (a b : vector) : 
  (forall j, (cos (a j) - cos (b j)) * (cos (a j) - cos (b j)) + (sin (a j) - sin (b j)) * (sin (a j) - sin (b j)) = 2 * (1 - cos (a j - b j))) /\
  / INR m * sum m (fun j => (cos (a j) - cos (b j)) * (cos (a j) - cos (b j)) + (sin (a j) - sin (b j)) * (sin (a j) - sin (b j))) =
  2 / INR m * sum m (fun j => 1 - cos (a j - b j)).
Proof.
  assert (E : forall j, (cos (a j) - cos (b j)) * (cos (a j) - cos (b j)) + (sin (a j) - sin (b j)) * (sin (a j) - sin (b j)) = 2 * (1 - cos (a j - b j))).
  { intros j. rewrite cos_minus. pose proof (sin2_cos2 (a j)) as A. pose proof (sin2_cos2 (b j)) as B. unfold Rsqr in *. nra. }
  split; [exact E|]. rewrite (sum_ext m _ (fun j => 2 * (1 - cos (a j - b j)))) by (intros; apply E). rewrite sum_scale. unfold Rdiv. ring.
Qed.

(** the derivative of R^2 exp(-b R) is R (2 - b R) exp(-b R) *)
Theorem radius_derivative b R0 : is_derive (fun r => r * r * exp (- (b * r))) R0 (R0 * (2 - b * R0) * exp (- (b * R0))).
Proof. auto_derive; [easy|ring]. Qed.
(** at R = 2/b: R^2 mu exp(-b R) / 4 = mu / (e^2 b^2) *)
Theorem radius_value b mu : b <> 0 -> / 4 * (2 / b * (2 / b)) * (mu * exp (- (b * (2 / b)))) = mu / (exp 2 * (b * b)).
Proof. intros Hb. replace (- (b * (2 / b))) with (- (2)) by (field; easy). rewrite exp_Ropp. pose proof (exp_pos 2). field. split; lra. Qed.
