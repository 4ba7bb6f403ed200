(** Gradient descent and gradient flow under a local inequality of Polyak and Lojasiewicz; small output weights. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certigram.lemmas Require Import Vectors Equilibrium.
Open Scope R_scope.

(** Taylor on the segment, f(t) = Phi(theta - t eta g): the slope at 0 is -eta G2 and the second derivative at most beta eta^2 G2,
    where G2 = |grad Phi|^2. *)
Theorem descent_step (f f' f'' : R -> R) eta beta lambda G2 :
  (forall t, 0 <= t <= 1 -> is_derive f t (f' t)) -> (forall t, 0 <= t <= 1 -> is_derive f' t (f'' t)) ->
  f' 0 = - (eta * G2) -> (forall t, 0 <= t <= 1 -> f'' t <= beta * (eta * eta) * G2) ->
  0 < eta -> 0 < beta -> eta <= / beta -> lambda * f 0 <= G2 -> 0 <= G2 ->
  f 1 <= f 0 - eta * G2 + / 2 * beta * (eta * eta) * G2 /\
  f 0 - eta * G2 + / 2 * beta * (eta * eta) * G2 <= f 0 - / 2 * eta * G2 /\ f 0 - / 2 * eta * G2 <= (1 - / 2 * eta * lambda) * f 0.
Proof.
  intros H1 H2 H0 HB He Hb Hs HPL HG.
  assert (B1 : eta * beta <= 1).
  { apply Rmult_le_compat_r with (r := beta) in Hs; [|lra]. rewrite Rinv_l in Hs; lra. }
  set (M := beta * (eta * eta) * G2) in *.
  assert (D : forall t, 0 <= t <= 1 -> f' t <= f' 0 + M * t).
  { intros t Ht. destruct (MVT_gen f' 0 t f'') as (c & Hc & E).
    - intros x Hx. rewrite Rmin_left, Rmax_right in Hx by lra. apply H2; lra.
    - intros x Hx. rewrite Rmin_left, Rmax_right in Hx by lra. apply continuity_pt_filterlim, (ex_derive_continuous f'). exists (f'' x). apply H2; lra.
    - rewrite Rmin_left, Rmax_right in Hc by lra. pose proof (HB c ltac:(lra)). nra. }
  assert (T : f 1 <= f 0 + f' 0 + M / 2).
  { set (h := fun t => f t - f 0 - f' 0 * t - M / 2 * (t * t)).
    destruct (MVT_gen h 0 1 (fun t => f' t - f' 0 - M * t)) as (c & Hc & E).
    - intros x Hx. rewrite Rmin_left, Rmax_right in Hx by lra. unfold h. pose proof (H1 x ltac:(lra)) as Hd.
      auto_derive; [now exists (f' x)|]. replace (Derive _ x) with (f' x) by (symmetry; now apply is_derive_unique). field.
    - intros x Hx. rewrite Rmin_left, Rmax_right in Hx by lra. apply continuity_pt_filterlim, (ex_derive_continuous h).
      unfold h. pose proof (H1 x ltac:(lra)) as Hd. auto_derive. now exists (f' x).
    - rewrite Rmin_left, Rmax_right in Hc by lra. pose proof (D c ltac:(lra)). unfold h in E. lra. }
  rewrite H0 in T. unfold M in T.
  assert (0 <= eta * G2) by nra. assert (beta * (eta * eta) * G2 <= eta * G2).
  { replace (beta * (eta * eta) * G2) with (eta * beta * (eta * G2)) by ring. nra. }
  split; [lra|]. split; [lra|]. nra.
Qed.

(** sqrt p - sqrt q >= (p - q) / (2 sqrt p) >= eta g^2 / (4 sqrt p) >= eta sqrt(lambda) g / 4, for the loss p before and q after a step *)
Theorem descent_root p q eta lambda g : 0 < p -> 0 <= q -> 0 < eta -> 0 <= lambda -> 0 <= g ->
  q <= p - / 2 * eta * (g * g) -> lambda * p <= g * g ->
  (p - q) / (2 * sqrt p) <= sqrt p - sqrt q /\ eta * (g * g) / (4 * sqrt p) <= (p - q) / (2 * sqrt p) /\
  / 4 * eta * sqrt lambda * g <= eta * (g * g) / (4 * sqrt p).
Proof.
  intros Hp Hq He Hl Hg Hstep HPL. pose proof (sqrt_lt_R0 p Hp) as Sp. pose proof (sqrt_sqrt p ltac:(lra)) as Qp.
  pose proof (sqrt_sqrt q ltac:(lra)) as Qq. pose proof (sqrt_pos q). assert (0 <= eta * (g * g)) by nra.
  assert (0 <= (sqrt p - sqrt q) * (sqrt p - sqrt q)) by apply Rle_0_sqr.
  split; [apply over_below; [lra|nra]|]. split.
  - apply over_below; [lra|]. unfold Rdiv. replace ((p - q) * / (2 * sqrt p) * (4 * sqrt p)) with (2 * (p - q)) by (field; lra). lra.
  - apply below_over; [lra|].
    assert (R : sqrt lambda * sqrt p <= g).
    { rewrite <- sqrt_mult by lra. rewrite <- (sqrt_Rsqr g Hg). apply sqrt_le_1_alt. unfold Rsqr. easy. }
    replace (/ 4 * eta * sqrt lambda * g * (4 * sqrt p)) with (eta * g * (sqrt lambda * sqrt p)) by field. 
    replace (eta * (g * g)) with (eta * g * g) by ring. apply Rmult_le_compat_l; [nra|easy].
Qed.

(** the sum of the steps: eta g_k <= 4 (sqrt p_k - sqrt p_(k+1)) / sqrt lambda *)
Theorem descent_telescope n (p g : nat -> R) eta lambda : 0 < lambda ->
  (forall k, (k < n)%nat -> / 4 * eta * sqrt lambda * g k <= sqrt (p k) - sqrt (p (S k))) ->
  sum n (fun k => eta * g k) <= 4 * (sqrt (p O) - sqrt (p n)) / sqrt lambda.
Proof.
  intros Hl H. pose proof (sqrt_lt_R0 lambda Hl). induction n as [|n IH]; simpl.
  - replace (sqrt (p O) - sqrt (p O)) with 0 by ring. unfold Rdiv. lra.
  - specialize (IH (fun k h => H k (Nat.lt_lt_succ_r _ _ h))). specialize (H n (Nat.lt_succ_diag_r n)).
    apply below_over; [easy|]. apply below_over_inv in IH; [|easy]. nra.
Qed.

(** Phi' <= -lambda Phi gives Phi(t) <= exp(-lambda t) Phi(0), and exp(lambda t) Phi does not increase *)
Theorem flow_rate (P dP : R -> R) lambda :
  (forall t, 0 <= t -> is_derive P t (dP t)) -> (forall t, 0 <= t -> dP t <= - lambda * P t) ->
  (forall t u, 0 <= t <= u -> exp (lambda * u) * P u <= exp (lambda * t) * P t) /\ forall t, 0 <= t -> P t <= exp (- lambda * t) * P 0.
Proof.
  intros HD HP. set (f := fun s => exp (lambda * s) * P s).
  assert (D : forall s, 0 <= s -> is_derive f s (lambda * exp (lambda * s) * P s + exp (lambda * s) * dP s)).
  { intros s Hs. unfold f. auto_derive; [exists (dP s); auto|]. replace (Derive _ s) with (dP s) by (symmetry; apply is_derive_unique, HD, Hs). ring. }
  assert (M : forall t u, 0 <= t <= u -> f u <= f t).
  { intros t u [Ht [Hu| <-]]; [|lra]. destruct (MVT_gen f t u (fun s => lambda * exp (lambda * s) * P s + exp (lambda * s) * dP s)) as (c & Hc & E).
    - intros s Hs. apply D. rewrite Rmin_left in Hs; lra.
    - intros s Hs. apply continuity_pt_filterlim, (ex_derive_continuous f). eexists. apply D. rewrite Rmin_left in Hs; lra.
    - rewrite Rmin_left, Rmax_right in Hc by lra. pose proof (HP c ltac:(lra)). pose proof (exp_pos (lambda * c)).
      assert (lambda * exp (lambda * c) * P c + exp (lambda * c) * dP c <= 0) by nra. nra. }
  split; [exact M|]. intros t Ht. pose proof (M 0 t ltac:(lra)) as N. unfold f in N.
  rewrite Rmult_0_r, exp_0 in N. replace (- lambda * t) with (- (lambda * t)) by ring. rewrite exp_Ropp.
  pose proof (exp_pos (lambda * t)). apply Rmult_le_reg_l with (exp (lambda * t)); [easy|]. rewrite <- Rmult_assoc, Rinv_r; lra.
Qed.

(** -d/dt sqrt(Phi) = v^2 / (2 sqrt Phi) >= sqrt(lambda) v / 2 while Phi > 0, where Phi' = -v^2 and v^2 >= lambda Phi *)
Theorem flow_root (P : R -> R) t v lambda : is_derive P t (- (v * v)) -> 0 < P t -> 0 <= v -> 0 <= lambda -> lambda * P t <= v * v ->
  is_derive (fun s => sqrt (P s)) t (- (v * v / (2 * sqrt (P t)))) /\ / 2 * sqrt lambda * v <= v * v / (2 * sqrt (P t)).
Proof.
  intros HD HP Hv Hl H. pose proof (sqrt_lt_R0 (P t) HP) as S. split.
  - auto_derive; [split; [eexists; exact HD|easy]|].
    replace (Derive _ t) with (- (v * v)) by (symmetry; now apply is_derive_unique). field. lra.
  - apply below_over; [lra|]. assert (R : sqrt lambda * sqrt (P t) <= v).
    { rewrite <- sqrt_mult by lra. rewrite <- (sqrt_Rsqr v Hv). now apply sqrt_le_1_alt. }
    replace (/ 2 * sqrt lambda * v * (2 * sqrt (P t))) with (v * (sqrt lambda * sqrt (P t))) by field.
    apply Rmult_le_compat_l; easy.
Qed.

(** ** Small output weights: w' = w - eta F e, e = F^T w - y *)

(** e' = (I - eta F^T F) e + (F' - F)^T w', exactly *)
Theorem small_output_identity m n (F F' : matrix) (w w' e e' y : vector) eta j :
  (forall j, e j = sum m (fun i => F i j * w i) - y j) -> (forall j, e' j = sum m (fun i => F' i j * w' i) - y j) ->
  (forall i, w' i = w i - eta * apply n F e i) ->
  e' j = e j - eta * sum m (fun i => F i j * apply n F e i) + sum m (fun i => (F' i j - F i j) * w' i).
Proof.
  intros He He' Hw. rewrite He', He.
  rewrite (sum_ext m (fun i => (F' i j - F i j) * w' i) (fun i => F' i j * w' i - F i j * w' i)) by (intros; ring).
  rewrite sum_minus. rewrite (sum_ext m (fun i => F i j * w' i) (fun i => F i j * w i - eta * (F i j * apply n F e i))).
  - rewrite sum_minus, sum_scale. ring.
  - intros i _. rewrite Hw. ring.
Qed.

(** T' = T_k + eta |e_k| <= T_k + eta lambda (T - T_k) <= T *)
Theorem small_output_no_overshoot eta lambda Lambda T Tk Tk' e (r : R -> R) :
  0 < eta -> 0 <= lambda <= Lambda -> eta <= 2 / (Lambda + lambda) -> 0 < Lambda -> Tk <= T -> Tk' = Tk + eta * e ->
  (forall t, Tk <= t <= T -> r t <= lambda) -> ex_RInt r Tk T -> e <= RInt r Tk T ->
  Tk' <= Tk + eta * lambda * (T - Tk) /\ Tk + eta * lambda * (T - Tk) <= T.
Proof.
  intros He Hl Hs HL HT -> Hr Hi Hb.
  assert (B : RInt r Tk T <= lambda * (T - Tk)).
  { assert (E : RInt (fun _ => lambda) Tk T = lambda * (T - Tk)) by (rewrite RInt_const; unfold scal; simpl; unfold mult; simpl; ring).
    rewrite <- E. apply RInt_le; [easy|easy|apply ex_RInt_const|]. intros; apply Hr; lra. }
  assert (S : eta * lambda <= 1).
  { apply below_over_inv in Hs; [|lra]. nra. }
  split; nra.
Qed.

(** the energy: |w'|^2 = |w|^2 - 2 eta |e|^2 - 2 eta <y, e> + eta^2 |F e|^2 <= |w|^2 + 2 eta Y |e|, so |w'|^2 <= omega + 2 Y T', T' = T + eta |e| *)
Theorem small_output_energy m n (F : matrix) (w w' e y : vector) eta f Y :
  (forall j, e j = sum m (fun i => F i j * w i) - y j) -> (forall i, w' i = w i - eta * apply n F e i) ->
  0 < eta -> 0 <= f -> spectral m n F f -> eta * (f * f) <= 2 -> norm n y <= Y ->
  dot m w' w' = dot m w w - 2 * eta * dot n e e - 2 * eta * dot n y e + eta * eta * dot m (apply n F e) (apply n F e) /\
  dot m w' w' <= dot m w w + 2 * eta * Y * norm n e /\
  forall omega T, dot m w w <= omega + 2 * Y * T -> dot m w' w' <= omega + 2 * Y * (T + eta * norm n e).
Proof.
  intros He Hw Heta Hf HF Hs HY.
  assert (X : dot m w (apply n F e) = dot n e e + dot n y e).
  { change (dot m w (apply n F e)) with (sum m (fun i => w i * apply n F e i)).
    rewrite (sum_ext m _ (fun i => sum n (fun j => F i j * w i * e j))).
    2:{ intros i _. unfold apply, dot. rewrite <- sum_scale. apply sum_ext. intros; ring. }
    rewrite sum_swap. unfold dot. rewrite <- sum_plus. apply sum_ext. intros j _. rewrite sum_scale_right.
    replace (sum m (fun i => F i j * w i)) with (e j + y j) by (rewrite He; ring). ring. }
  assert (E : dot m w' w' = dot m w w - 2 * eta * dot n e e - 2 * eta * dot n y e + eta * eta * dot m (apply n F e) (apply n F e)).
  { rewrite (dot_ext m w' (fun i => w i - eta * apply n F e i) w' (fun i => w i - eta * apply n F e i)) by (intros; apply Hw).
    rewrite dot_minus, dot_scale, (dot_comm m w (fun i => w i - _)), (dot_comm m (apply n F e) (fun i => w i - _)), !dot_minus, !dot_scale.
    rewrite (dot_comm m (apply n F e) w), X. ring. }
  split; [exact E|]. enough (B : dot m w' w' <= dot m w w + 2 * eta * Y * norm n e) by (split; [exact B|intros omega T H; lra]). rewrite E.
  assert (N : dot m (apply n F e) (apply n F e) <= f * f * dot n e e).
  { rewrite <- !norm_square. specialize (HF e). pose proof (norm_pos m (apply n F e)). pose proof (norm_pos n e). nra. }
  pose proof (cauchy_abs n y e) as C. pose proof (Rle_abs (- dot n y e)) as A. rewrite Rabs_Ropp in A.
  pose proof (norm_pos n e). pose proof (dot_self n e). assert (norm n y * norm n e <= Y * norm n e) by now apply Rmult_le_compat_r.
  assert (eta * eta * dot m (apply n F e) (apply n F e) <= 2 * eta * dot n e e).
  { apply Rle_trans with (eta * eta * (f * f * dot n e e)); [apply Rmult_le_compat_l; [nra|easy]|].
    replace (eta * eta * (f * f * dot n e e)) with (eta * (eta * (f * f)) * dot n e e) by ring.
    replace (2 * eta * dot n e e) with (eta * 2 * dot n e e) by ring. apply Rmult_le_compat_r; [easy|]. apply Rmult_le_compat_l; lra. }
  nra.
Qed.
(** |w_0|^2 <= omega and one step each: |w_k|^2 <= omega + 2 Y T_k *)
Theorem small_output_energy_sum (W T e : nat -> R) eta Y omega :
  W O <= omega -> T O = 0 -> (forall k, T (S k) = T k + eta * e k) -> (forall k, W (S k) <= W k + 2 * eta * Y * e k) ->
  forall k, W k <= omega + 2 * Y * T k.
Proof. intros H0 HT HS HW. induction k; [rewrite HT; lra|]. rewrite HS. specialize (HW k). lra. Qed.

(** a left Riemann sum of an increasing function: eta |w| |e| <= (T' - T) sqrt(omega + 2 Y T) <= the integral *)
Theorem small_output_path omega Y T T' w e eta : 0 <= omega -> 0 <= Y -> 0 <= T <= T' -> T' - T = eta * e -> 0 <= w -> 0 <= e ->
  0 <= eta -> w * w <= omega + 2 * Y * T ->
  eta * w * e <= (T' - T) * sqrt (omega + 2 * Y * T) /\
  (T' - T) * sqrt (omega + 2 * Y * T) <= RInt (fun s => sqrt (omega + 2 * Y * s)) T T'.
Proof.
  intros Ho HY HT E Hw He Heta HW. split.
  - rewrite E. assert (w <= sqrt (omega + 2 * Y * T)) by (rewrite <- (sqrt_Rsqr w Hw); now apply sqrt_le_1_alt).
    replace (eta * w * e) with (eta * e * w) by ring. apply Rmult_le_compat_l; [nra|easy].
  - assert (I : ex_RInt (fun s => sqrt (omega + 2 * Y * s)) T T').
    { apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros z Hz. rewrite Rmin_left, Rmax_right in Hz by lra.
      apply (continuous_comp (fun s => omega + 2 * Y * s) sqrt).
      - apply (ex_derive_continuous (fun s => omega + 2 * Y * s)). auto_derive. easy.
      - apply continuity_pt_filterlim, continuity_pt_sqrt. assert (0 <= 2 * Y * z) by (apply Rmult_le_pos; lra). lra. }
    replace ((T' - T) * sqrt (omega + 2 * Y * T)) with (RInt (fun _ => sqrt (omega + 2 * Y * T)) T T')
      by (rewrite RInt_const; unfold scal; simpl; unfold mult; simpl; ring).
    apply RInt_le; [lra|apply ex_RInt_const|easy|]. intros s Hs. apply sqrt_le_1_alt. nra.
Qed.
