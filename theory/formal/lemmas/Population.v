(** The population equation of equilibrium models: its scalar equations, fixed points, and the kernels that follow. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certigram.lemmas Require Import Vectors Equilibrium Matrices Spectra.
Open Scope R_scope.

(** T -> S + w g T is a geometric series: after n steps from 0 the value is S (1 - (w g)^n) / (1 - w g), and the rest is (w g)^n of the limit *)
Fixpoint recursion (T w g : R) (n : nat) : R := match n with O => 0 | S k => T + w * g * recursion T w g k end.
Theorem geometric_resolvent T w g n : w * g <> 1 ->
  T / (1 - w * g) = T + w * g * (T / (1 - w * g)) /\ T / (1 - w * g) - recursion T w g n = (w * g) ^ n * (T / (1 - w * g)).
Proof.
  intros H. assert (F : T / (1 - w * g) = T + w * g * (T / (1 - w * g))) by (field; lra). split; [exact F|].
  induction n; simpl; [lra|]. rewrite F at 1.
  replace (T + w * g * (T / (1 - w * g)) - (T + w * g * recursion T w g n)) with (w * g * (T / (1 - w * g) - recursion T w g n)) by ring.
  rewrite IHn. ring.
Qed.
(** the relations of the four tangent kernels *)
Theorem readout_relation G Sg w g : w * g <> 1 -> G + Sg * g / (1 - w * g) = G + g * (Sg / (1 - w * g)).
Proof. intros. field. lra. Qed.
Theorem standard_relation G w g : w * g <> 1 -> G / (1 - w * g) - G = w * (G * (1 + g / (1 - w * g)) - G).
Proof. intros. field. lra. Qed.
Theorem shallow_limit G Sg g : Sg / (1 - 0 * g) = Sg /\ G / (1 - 0 * g) = G /\ G + Sg * g / (1 - 0 * g) = G + Sg * g /\ G * (1 + g / (1 - 0 * g)) = G * (1 + g).
Proof. replace (1 - 0 * g) with 1 by ring. repeat split; field. Qed.

(** |sqrt(a r^2 + c) - sqrt(a t^2 + c)| <= sqrt a |r - t|: the slope of the root is at most sqrt a *)
Theorem slope_of_root a c r t : 0 <= a -> 0 <= c -> 0 <= r -> 0 <= t ->
  Rabs (sqrt (a * (r * r) + c) - sqrt (a * (t * t) + c)) <= sqrt a * Rabs (r - t).
Proof.
  intros Ha Hc Hr Ht. set (u := fun x i => match i with O => sqrt a * x | _ => sqrt c end : R).
  assert (N : forall x, norm 2 (u x) = sqrt (a * (x * x) + c)).
  { intros x. unfold norm, dot, u. simpl. f_equal. pose proof (sqrt_sqrt a Ha). pose proof (sqrt_sqrt c Hc). 
    replace (0 + sqrt a * x * (sqrt a * x) + sqrt c * sqrt c) with ((sqrt a * sqrt a) * (x * x) + sqrt c * sqrt c) by ring. rewrite H, H0. ring. }
  assert (D : forall x y, norm 2 (fun i => u x i - u y i) = sqrt a * Rabs (x - y)).
  { intros x y. rewrite (norm_ext 2 _ (fun i => sqrt a * (x - y) * match i with O => 1 | _ => 0 end)).
    - rewrite norm_scale, Rabs_mult, (Rabs_pos_eq (sqrt a)) by apply sqrt_pos. unfold norm, dot. simpl.
      replace (0 + 1 * 1 + 0 * 0) with 1 by ring. rewrite sqrt_1. ring.
    - intros [|[|i]] Hi; unfold u; ring. }
  rewrite <- !N, <- D. apply Rabs_le. split.
  - pose proof (norm_difference 2 (u r) (fun i => u r i - u t i)) as T. rewrite (norm_ext 2 _ (u t)) in T by (intros; ring). lra.
  - pose proof (norm_triangle 2 (fun i => u r i - u t i) (u t)) as T. rewrite (norm_ext 2 _ (u r)) in T by (intros; ring). lra.
Qed.

(** q = Lam^2 (w q + 2 c), w = 2 sigma_w^2: the equation of the variance is linear *)
Theorem range_variance q Lam w c : w * (Lam * Lam) < 1 -> (q = Lam * Lam * (w * q + 2 * c) <-> q = 2 * (Lam * Lam) * c / (1 - w * (Lam * Lam))).
Proof.
  intros H. split; intros E.
  - apply Rmult_eq_reg_r with (1 - w * (Lam * Lam)); [|lra]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
  - rewrite E at 2. rewrite E. field. lra.
Qed.
(** sqrt q = Lam sqrt(w q + 2 c) <= Lam (sqrt w sqrt q + sqrt (2 c)) *)
Theorem range_bound q Lam w c : 0 <= Lam -> 0 <= w -> 0 <= c -> 0 <= q -> q = Lam * Lam * (w * q + 2 * c) ->
  sqrt q = Lam * sqrt (w * q + 2 * c) /\ Lam * sqrt (w * q + 2 * c) <= Lam * (sqrt w * sqrt q + sqrt (2 * c)).
Proof.
  intros HL Hw Hc Hq E. assert (0 <= w * q) by now apply Rmult_le_pos. split.
  - rewrite E at 1. rewrite sqrt_mult by nra. rewrite sqrt_square by easy. easy.
  - apply Rmult_le_compat_l; [easy|]. rewrite <- sqrt_mult by easy. pose proof (sqrt_pos (w * q)). pose proof (sqrt_pos (2 * c)).
    apply Rsqr_incr_0_var; [|lra]. unfold Rsqr. rewrite sqrt_sqrt by lra.
    pose proof (sqrt_sqrt (w * q) ltac:(lra)). pose proof (sqrt_sqrt (2 * c) ltac:(lra)). nra.
Qed.
(** s = 2 + 2 v q and q = s / 2 give q = 1 / (1 - v) and s = 2 q, v = sigma_w^2 *)
Theorem relu_variance q s v : v < 1 -> s = 2 + 2 * v * q -> q = s / 2 -> q = / (1 - v) /\ s = 2 * q.
Proof. intros Hv Hs Hq. split; [|lra]. apply Rmult_eq_reg_r with (1 - v); [|lra]. rewrite Rinv_l by lra. lra. Qed.
(** rho = (2 v q Q + 2 C) / (2 q) = v Q + (1 - v) C *)
Theorem relu_correlation v q Q C : v < 1 -> q = / (1 - v) -> (2 * v * q * Q + 2 * C) / (2 * q) = v * Q + (1 - v) * C.
Proof. intros Hv ->. field. lra. Qed.
(** the affine equation K = al^2 (w K + 2 C) + be^2, solved entry by entry *)
Theorem affine_solution K al be w C : w * (al * al) < 1 -> (K = al * al * (w * K + 2 * C) + be * be <-> K = (2 * (al * al) * C + be * be) / (1 - w * (al * al))).
Proof.
  intros H. split; intros E.
  - apply Rmult_eq_reg_r with (1 - w * (al * al)); [|lra]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
  - rewrite E at 2. rewrite E. field. lra.
Qed.
(** P - 2 C / s = w K / s is positive semidefinite, P = (w K + 2 C) / s *)
Theorem correlation_order n K C w s : 0 < s -> 0 <= w -> semidefinite n K ->
  (forall i j, (w * K i j + 2 * C i j) / s - 2 / s * C i j = w / s * K i j) /\ semidefinite n (fun i j => (w * K i j + 2 * C i j) / s - 2 / s * C i j).
Proof.
  intros Hs Hw HK. assert (E : forall i j, (w * K i j + 2 * C i j) / s - 2 / s * C i j = w / s * K i j) by (intros; field; lra).
  split; [exact E|]. intros v. rewrite (form_ext n _ (fun i j => w / s * K i j)) by (intros; apply E). rewrite form_scale.
  apply Rmult_le_pos; [|apply HK]. apply below_over; lra.
Qed.
(** (n - 1) d^r <= 1/2 exactly for r >= log(2 (n - 1)) / log(1/d) *)
Theorem gershgorin_order N d (r : nat) : 0 < N -> 0 < d < 1 -> (N * d ^ r <= / 2 <-> ln (2 * N) / ln (/ d) <= INR r).
Proof.
  intros HN Hd. assert (L : 0 < ln (/ d)).
  { rewrite <- ln_1. apply ln_increasing; [lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra. }
  assert (P : 0 < d ^ r) by (apply pow_lt; lra).
  assert (E : ln (d ^ r) = - (INR r * ln (/ d))) by (rewrite ln_pow by lra; rewrite ln_Rinv by lra; ring).
  split; intros H.
  - apply over_below; [easy|]. assert (M : ln (2 * N) <= ln (/ d ^ r)).
    { apply ln_le; [lra|]. apply Rmult_le_reg_r with (d ^ r); [easy|]. rewrite Rinv_l by lra. lra. }
    rewrite ln_Rinv, E in M by easy. lra.
  - apply (proj1 (Rle_div_l _ _ _ L)) in H. apply Rnot_lt_le. intros C.
    assert (M : ln (/ d ^ r) < ln (2 * N)).
    { apply ln_increasing; [now apply Rinv_0_lt_compat|]. apply Rmult_lt_reg_r with (d ^ r); [easy|]. rewrite Rinv_l by lra. lra. }
    rewrite ln_Rinv, E in M by easy. lra.
Qed.
(** |G_ij| <= the largest diagonal entry of a positive semidefinite G, because every minor of order two is not negative; so no denominator
    is below 1 - chi, chi = w X *)
Theorem minor_of_order_two n G w X i j : 0 <= w -> symmetric n G -> semidefinite n G -> (forall k, (k < n)%nat -> G k k <= X) ->
  (i < n)%nat -> (j < n)%nat -> 0 <= G i i * G j j - G i j * G i j /\ Rabs (G i j) <= X /\ 1 - w * X <= 1 - w * G i j.
Proof.
  intros Hw HS HG HX Hi Hj. pose proof (semidefinite_diagonal n G i HG Hi) as Pi. pose proof (semidefinite_diagonal n G j HG Hj) as Pj.
  assert (M : G i j * G i j <= G i i * G j j).
  { destruct (cholesky n G HS HG) as [V HV]. rewrite !HV by easy. apply (cauchy_squares n (fun k => V k i) (fun k => V k j)). }
  pose proof (HX i Hi) as Xi. pose proof (HX j Hj) as Xj. assert (B : Rabs (G i j) <= X).
  { apply Rsqr_incr_0_var; [|lra]. unfold Rsqr. rewrite <- Rabs_mult, Rabs_pos_eq by apply Rle_0_sqr.
    eapply Rle_trans; [exact M|]. apply Rmult_le_compat; lra. }
  split; [lra|]. split; [exact B|]. pose proof (Rle_abs (G i j)). assert (w * G i j <= w * X) by (apply Rmult_le_compat_l; lra). lra.
Qed.
(** x / (1 - w x) = sum_(k=1..n) w^(k-1) x^k + w^n x^(n+1) / (1 - w x), and the rest is at most chi^n |x| / (1 - chi), which tends to 0 *)
Theorem tangent_series w x n chi : Rabs (w * x) <= chi -> chi < 1 ->
  x / (1 - w * x) = sum n (fun k => w ^ k * x ^ S k) + w ^ n * x ^ S n / (1 - w * x) /\
  Rabs (w ^ n * x ^ S n / (1 - w * x)) <= chi ^ n * (Rabs x / (1 - chi)) /\ is_lim_seq (fun k => chi ^ k * (Rabs x / (1 - chi))) 0.
Proof.
  intros Hx Hc. pose proof (Rabs_pos (w * x)) as P. pose proof (Rle_abs (w * x)) as A. assert (H : w * x <> 1) by lra. split; [|split].
  - clear - H. induction n as [|n IH]; [simpl; field; lra|]. rewrite IH at 1. cbn [sum].
    replace (w ^ n * x ^ S n / (1 - w * x)) with (w ^ n * x ^ S n + w ^ S n * x ^ S (S n) / (1 - w * x)) by (simpl; field; lra). ring.
  - replace (w ^ n * x ^ S n / (1 - w * x)) with ((w * x) ^ n * (x / (1 - w * x))) by (rewrite Rpow_mult_distr; simpl; field; lra).
    rewrite Rabs_mult, <- RPow_abs. apply Rmult_le_compat; try apply Rabs_pos; [apply pow_le, Rabs_pos|apply pow_incr; lra|].
    unfold Rdiv. rewrite Rabs_mult, Rabs_inv, (Rabs_pos_eq (1 - w * x)) by lra. apply Rmult_le_compat_l; [apply Rabs_pos|]. apply Rinv_le_contravar; lra.
  - replace 0 with (0 * (Rabs x / (1 - chi))) by ring. apply is_lim_seq_scal_r with (a := Rabs x / (1 - chi)) (lu := 0), is_lim_seq_geom. rewrite Rabs_pos_eq; lra.
Qed.
(** K o G^(o k) is positive semidefinite for every k, and so is every sum of them with weights >= 0 *)
Theorem tangent_domination n K G (w : nat -> R) r : symmetric n G -> semidefinite n K -> semidefinite n G -> (forall k, 0 <= w k) ->
  (forall k, semidefinite n (fun i j => K i j * schur_power G k i j)) /\ semidefinite n (fun i j => sum r (fun k => w k * (K i j * schur_power G k i j))).
Proof.
  intros SG HK HG Hw. assert (A : forall k, semidefinite n (fun i j => K i j * schur_power G k i j)).
  { intros k. apply schur_product; [|easy|now apply schur_power_semidefinite]. intros i j Hi Hj. unfold schur_power. now rewrite SG. }
  split; [exact A|]. intros v. induction r; simpl.
  - unfold form. rewrite sum_zero; [lra|]. intros. apply sum_zero. intros; ring.
  - rewrite form_plus. rewrite form_scale. pose proof (Rmult_le_pos _ _ (Hw r) (A r v)). lra.
Qed.
(** sigma_min(Z) >= sqrt lambda - (1 - 1/sqrt 2) sqrt lambda = sqrt (lambda / 2) *)
Theorem half_eigenvalue l : 0 <= l -> sqrt l - (1 - 1 / sqrt 2) * sqrt l = sqrt (l / 2).
Proof. intros Hl. unfold Rdiv. rewrite sqrt_mult, <- inv_sqrt by lra. field. pose proof (sqrt_lt_R0 2 ltac:(lra)). lra. Qed.
(** |grad Phi|^2 = e . H e >= e . G e >= lambda |e|^2 / 2 = lambda Phi, where grad Phi = J e and H = J^T J: the columns of J are the gradients of
    the outputs *)
Theorem equilibrium_pl n q J G e l P : (forall v, form n G v <= form n (gram q J) v) -> eigenvalue_at_least n G (l / 2) -> P = / 2 * dot n e e ->
  norm q (apply n J e) * norm q (apply n J e) = form n (gram q J) e /\ form n G e <= form n (gram q J) e /\ / 2 * l * dot n e e <= form n G e /\
  / 2 * l * dot n e e = l * P /\ (0 < l -> 4 * sqrt (P / l) = 2 * sqrt 2 * norm n e / sqrt l).
Proof.
  intros H HG ->. split; [now rewrite form_gram, norm_square|]. split; [apply H|]. split; [specialize (HG e); lra|]. split; [field|].
  intros Hl. pose proof (sqrt_lt_R0 l Hl) as Sl. pose proof (sqrt_lt_R0 2 ltac:(lra)) as S2. unfold norm.
  replace (/ 2 * dot n e e / l) with (dot n e e / (2 * l)) by (field; lra). rewrite sqrt_div_alt, sqrt_mult by lra.
  pose proof (sqrt_sqrt 2 ltac:(lra)) as Q2.
  replace (2 * sqrt 2 * sqrt (dot n e e) / sqrt l) with (2 * (sqrt 2 * sqrt 2) * sqrt (dot n e e) / (sqrt 2 * sqrt l)) by (field; lra).
  rewrite Q2. field. split; lra.
Qed.
(** sigma_min(Phi) is at least this after a change of at most kappa sqrt lambda from sqrt 3/2 sqrt lambda, kappa = sqrt 3/2 - 1/sqrt 2 *)
Theorem stability_constant l : 0 <= l -> (sqrt 3 / 2 - (sqrt 3 / 2 - 1 / sqrt 2)) * sqrt l = sqrt (l / 2).
Proof. intros Hl. unfold Rdiv. rewrite (sqrt_mult l), <- inv_sqrt by lra. field. pose proof (sqrt_lt_R0 2 ltac:(lra)). lra. Qed.

(** ** An approximate solution of the population equation *)
(** x + T >= (1 - th) y, whichever of x, y is larger, when |T - y| <= th |x - y| *)
Theorem fixed_point_sum x y T th : 0 <= x -> 0 <= y -> 0 <= th < 1 -> Rabs (T - y) <= th * Rabs (x - y) -> (1 - th) * y <= x + T.
Proof.
  intros Hx Hy Ht H. pose proof (Rle_abs (- (T - y))) as A. rewrite Rabs_Ropp in A.
  destruct (Rle_dec y x) as [L|L]; [rewrite (Rabs_pos_eq (x - y)) in H by lra|rewrite (Rabs_left (x - y)) in H by lra]; nra.
Qed.
(** the recursion is solved: d <= th^2 d + r *)
Theorem fixed_point_pairs d th2 r : th2 < 1 -> d <= th2 * d + r -> d <= r / (1 - th2).
Proof. intros Ht H. apply below_over; lra. Qed.
(** d_(l+1) <= t^2 d_l + A t^l gives d_l <= t^(2l) d_0 + A t^(l-1) (1 - t^l)/(1 - t), here times t *)
Theorem moving_recursion (d : nat -> R) t A : 0 <= t < 1 -> 0 <= A -> (forall l, d (S l) <= t * t * d l + A * t ^ l) ->
  forall l, t * d l <= t * ((t * t) ^ l * d O) + A * t ^ l * ((1 - t ^ l) / (1 - t)).
Proof.
  intros Ht HA H. induction l as [|l IH]; simpl; [unfold Rdiv; lra|]. specialize (H l).
  assert (P : 0 <= t ^ l) by (apply pow_le; lra).
  assert (M : t * d (S l) <= t * (t * t) * d l + A * t * t ^ l) by nra.
  assert (K : t * t * (t * d l) <= t * t * (t * ((t * t) ^ l * d O) + A * t ^ l * ((1 - t ^ l) / (1 - t)))) by (apply Rmult_le_compat_l; [nra|easy]).
  assert (E : A * (t * t ^ l) * ((1 - t * t ^ l) / (1 - t)) = t * t * (A * t ^ l * ((1 - t ^ l) / (1 - t))) + A * t * t ^ l) by (field; lra).
  lra.
Qed.
