(** Two-layer networks with the logistic loss: its derivatives, bounds of its gradient and curvature, Villani's condition. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certigram.lemmas Require Import Vectors Equilibrium Matrices.
Open Scope R_scope.

(** q = 1 / (1 + exp (y f)) *)
Definition share (y f : R) : R := / (1 + exp (y * f)).
Lemma share_between y f : 0 < share y f < 1.
Proof.
  unfold share. pose proof (exp_pos (y * f)). split; [apply Rinv_0_lt_compat; lra|].
  rewrite <- Rinv_1 at 2. apply Rinv_lt_contravar; lra.
Qed.

(** d log(1 + exp(-y f)) = -y q df and d(-y q) = q (1 - q) df, because y^2 = 1; f moves with the derivative df *)
Theorem logistic_chain (f : R -> R) t df y : y * y = 1 -> is_derive f t df ->
  is_derive (fun s => ln (1 + exp (- (y * f s)))) t (- (y * share y (f t) * df)) /\
  is_derive (fun s => - (y * share y (f s))) t (share y (f t) * (1 - share y (f t)) * df).
Proof.
  intros Hy Hf. assert (E : ex_derive f t) by (now exists df). pose proof (exp_pos (y * f t)). pose proof (exp_pos (- (y * f t))).
  assert (I : exp (- (y * f t)) = / exp (y * f t)) by apply exp_Ropp. split.
  - auto_derive; [split; [easy|split; [lra|easy]]|]. replace (Derive _ t) with df by (symmetry; now apply is_derive_unique).
    unfold share. rewrite I. field. lra.
  - unfold share. auto_derive; [split; [easy|split; [lra|easy]]|]. replace (Derive _ t) with df by (symmetry; now apply is_derive_unique).
    apply Rmult_eq_reg_r with ((1 + exp (y * f t)) * (1 + exp (y * f t))); [|nra]. field_simplify; [|lra|lra].
    replace (y ^ 2) with 1 by (simpl; lra). ring.
Qed.

(** 0 < q < 1 and q (1 - q) <= 1/4 *)
Theorem logistic_weights y f : 0 < share y f < 1 /\ share y f * (1 - share y f) <= / 4.
Proof. split; [apply share_between|]. assert (0 <= (share y f - / 2) * (share y f - / 2)) by apply Rle_0_sqr. lra. Qed.

(** a mean of matrices of norm at most c has norm at most c *)
Lemma frobenius_mean p d N (om : nat -> R) (M : nat -> matrix) c : (forall i, 0 <= om i) -> (forall i, (i < N)%nat -> frobenius p d (M i) <= c) ->
  frobenius p d (fun j k => sum N (fun i => om i * M i j k)) <= sum N om * c.
Proof.
  intros Ho H. induction N as [|N IH]; simpl.
  - unfold frobenius. rewrite sum_zero, sqrt_0; [lra|]. intros i _. unfold dot. apply sum_zero. intros; ring.
  - eapply Rle_trans; [apply (frobenius_triangle p d (fun j k => sum N (fun i => om i * M i j k)) (fun j k => om N * M N j k))|].
    rewrite frobenius_scale by apply Ho. specialize (IH (fun i h => H i (Nat.lt_lt_succ_r _ _ h))).
    specialize (H N (Nat.lt_succ_diag_r N)). specialize (Ho N).
    assert (om N * frobenius p d (M N) <= om N * c) by now apply Rmult_le_compat_l. lra.
Qed.
(** a summand of the gradient has entries q a_j s_j x_k and norm q |x| (sum a_j^2 s_j^2)^(1/2) <= B M1 |a|; so has their mean *)
Theorem gradient_rank_one p d N (om q : nat -> R) (a : vector) (s x : nat -> vector) M1 B : 0 <= M1 ->
  (forall i, 0 <= om i) -> sum N om = 1 -> (forall i, 0 <= q i <= 1) -> (forall i j, Rabs (s i j) <= M1) -> (forall i, norm d (x i) <= B) ->
  (forall i, frobenius p d (fun j k => q i * (a j * s i j) * x i k) = q i * norm d (x i) * norm p (fun j => a j * s i j) /\
    q i * norm d (x i) * norm p (fun j => a j * s i j) <= B * M1 * norm p a) /\
  frobenius p d (fun j k => sum N (fun i => om i * (q i * (a j * s i j) * x i k))) <= B * M1 * norm p a.
Proof.
  intros HM Ho H1 Hq Hs HB.
  assert (A : forall i, frobenius p d (fun j k => q i * (a j * s i j) * x i k) = q i * norm d (x i) * norm p (fun j => a j * s i j)).
  { intros i. specialize (Hq i). unfold frobenius.
    rewrite (sum_ext p _ (fun j => (q i * norm d (x i)) * (q i * norm d (x i)) * ((a j * s i j) * (a j * s i j)))).
    - rewrite sum_scale. change (sum p (fun j => a j * s i j * (a j * s i j))) with (dot p (fun j => a j * s i j) (fun j => a j * s i j)).
      rewrite <- norm_square. pose proof (norm_pos p (fun j => a j * s i j)). pose proof (norm_pos d (x i)).
      set (u := norm p (fun j => a j * s i j)) in *.
      replace (q i * norm d (x i) * (q i * norm d (x i)) * (u * u)) with ((q i * norm d (x i) * u) * (q i * norm d (x i) * u)) by ring.
      apply sqrt_square. apply Rmult_le_pos; [|easy]. apply Rmult_le_pos; lra.
    - intros j _. rewrite dot_scale, dot_comm, dot_scale, <- norm_square. ring. }
  assert (C : forall i, q i * norm d (x i) * norm p (fun j => a j * s i j) <= B * M1 * norm p a).
  { intros i. specialize (Hq i). specialize (HB i). assert (N1 : norm p (fun j => a j * s i j) <= M1 * norm p a).
    { apply Rle_trans with (norm p (fun j => M1 * a j)); [|rewrite norm_scale, (Rabs_pos_eq M1 HM); lra].
      apply norm_monotone. intros j _. rewrite !Rabs_mult, (Rabs_pos_eq M1 HM), Rmult_comm. apply Rmult_le_compat_r; [apply Rabs_pos|apply Hs]. }
    pose proof (norm_pos d (x i)). pose proof (norm_pos p (fun j => a j * s i j)). pose proof (norm_pos p a).
    replace (B * M1 * norm p a) with (B * (M1 * norm p a)) by ring. apply Rmult_le_compat; [apply Rmult_le_pos; lra|easy| |easy]. nra. }
  split; [easy|]. rewrite <- (Rmult_1_l (B * M1 * norm p a)), <- H1.
  apply (frobenius_mean p d N om (fun i j k => q i * (a j * s i j) * x i k)); [easy|]. intros i _. rewrite A. apply C.
Qed.

(** the two parts of the Laplacian *)
Theorem laplacian_parts p q (a s r : vector) M1 M2 : 0 <= q <= 1 -> 0 <= M1 -> (forall j, Rabs (s j) <= M1) -> (forall j, Rabs (r j) <= M2) ->
  q * (1 - q) * sum p (fun j => a j * a j * (s j * s j)) <= / 4 * (M1 * M1) * dot p a a /\
  q * Rabs (sum p (fun j => a j * r j)) <= M2 * sum p (fun j => Rabs (a j)).
Proof.
  intros Hq HM Hs Hr. assert (Q : q * (1 - q) <= / 4) by (assert (0 <= (q - / 2) * (q - / 2)) by apply Rle_0_sqr; lra). split.
  - assert (S : sum p (fun j => a j * a j * (s j * s j)) <= M1 * M1 * dot p a a).
    { unfold dot. rewrite <- sum_scale. apply sum_le. intros j _. rewrite (Rmult_comm (M1 * M1)). apply Rmult_le_compat_l; [apply Rle_0_sqr|].
      specialize (Hs j). pose proof (Rabs_pos (s j)). replace (s j * s j) with (Rabs (s j) * Rabs (s j)) by (rewrite <- Rabs_mult; apply Rabs_pos_eq, Rle_0_sqr). nra. }
    assert (0 <= sum p (fun j => a j * a j * (s j * s j))) by (apply sum_nonneg; intros; apply Rmult_le_pos; apply Rle_0_sqr).
    replace (/ 4 * (M1 * M1) * dot p a a) with (/ 4 * (M1 * M1 * dot p a a)) by ring. apply Rmult_le_compat; [nra|easy|easy|easy].
  - assert (S : Rabs (sum p (fun j => a j * r j)) <= M2 * sum p (fun j => Rabs (a j))).
    { eapply Rle_trans; [apply sum_abs|]. rewrite <- sum_scale. apply sum_le. intros j _. rewrite Rabs_mult, Rmult_comm.
      apply Rmult_le_compat_r; [apply Rabs_pos|apply Hr]. }
    pose proof (Rabs_pos (sum p (fun j => a j * r j))). nra.
Qed.

(** the gradient of L = g + lambda |W|^2 / 2 has norm at least (lambda |W| - G)_+ *)
Theorem villani_gradient n (g w : vector) lambda G : 0 <= lambda -> norm n g <= G ->
  Rmax 0 (lambda * norm n w - G) <= norm n (fun i => g i + lambda * w i).
Proof.
  intros Hl HG. apply Rmax_lub; [apply norm_pos|].
  pose proof (norm_difference n (fun i => g i + lambda * w i) g) as T. rewrite (norm_ext n _ (fun i => lambda * w i)) in T by (intros; ring).
  rewrite norm_scale, Rabs_pos_eq in T by easy. lra.
Qed.
(** Laplacian of lambda |W|^2 / 2: N times its second derivative in one weight *)
Theorem villani_laplacian N lambda w D Dg : is_derive (fun t => lambda / 2 * (t * t)) w (lambda * w) /\ is_derive (fun t => lambda * t) w lambda /\
  (Dg <= D -> Dg + sum N (fun _ => lambda) <= D + lambda * INR N).
Proof. split; [auto_derive; [easy|field]|]. split; [auto_derive; [easy|ring]|]. intros H. rewrite sum_constant. lra. Qed.
(** V = |grad L|^2 / s - Delta L increases in the one and decreases in the other *)
Theorem villani_insertion s x X grad lap lapmax : 0 < s -> x = Rmax 0 X -> x <= grad -> lap <= lapmax -> / s * (x * x) - lapmax <= - lap + / s * (grad * grad).
Proof.
  intros Hs Hx H HL. assert (0 <= x) by (rewrite Hx; apply Rmax_l). assert (x * x <= grad * grad) by nra.
  assert (/ s * (x * x) <= / s * (grad * grad)) by (apply Rmult_le_compat_l; [left; now apply Rinv_0_lt_compat|easy]). lra.
Qed.
(** the bound of V increases in |W| beyond G / lambda, equals K at the stated radius, and is at least K beyond it *)
Theorem villani_radius s lambda G c K : 0 < s -> 0 < lambda -> 0 <= K + c ->
  let bound w := / s * (Rmax 0 (lambda * w - G) * Rmax 0 (lambda * w - G)) - c in let radius := (G + sqrt (s * (K + c))) / lambda in
  (forall w w', G / lambda <= w <= w' -> bound w <= bound w') /\ bound radius = K /\ forall w, radius <= w -> K <= bound w.
Proof.
  intros Hs Hl HK bound radius. assert (Is : 0 < / s) by now apply Rinv_0_lt_compat.
  assert (M : forall w w', G / lambda <= w <= w' -> bound w <= bound w').
  { intros w w' [Hw Hw']. assert (R : 0 <= lambda * w - G <= lambda * w' - G).
    { apply Rmult_le_compat_l with (r := lambda) in Hw; [|lra]. replace (lambda * (G / lambda)) with G in Hw by (field; lra).
      apply Rmult_le_compat_l with (r := lambda) in Hw'; lra. }
    unfold bound. rewrite !Rmax_right by lra. apply Rplus_le_compat_r, Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; lra. }
  pose proof (sqrt_pos (s * (K + c))) as P. assert (E : bound radius = K).
  { unfold bound, radius. replace (lambda * ((G + sqrt (s * (K + c))) / lambda) - G) with (sqrt (s * (K + c))) by (field; lra).
    rewrite Rmax_right by easy. rewrite sqrt_sqrt by (apply Rmult_le_pos; lra). field. lra. }
  split; [exact M|]. split; [exact E|]. intros w Hw. rewrite <- E. apply M. split; [|easy]. unfold radius.
  unfold Rdiv. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|lra].
Qed.
(** without regularisation V is bounded *)
Theorem threshold_potential s grad lap G D : 0 < s -> 0 <= grad <= G -> Rabs lap <= D -> Rabs (- lap + / s * (grad * grad)) <= G * G / s + D.
Proof.
  intros Hs Hg HL. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp, (Rabs_pos_eq (/ s * (grad * grad))).
  - assert (/ s * (grad * grad) <= / s * (G * G)) by (apply Rmult_le_compat_l; [left; now apply Rinv_0_lt_compat|nra]).
    unfold Rdiv. rewrite (Rmult_comm (G * G)). lra.
  - apply Rmult_le_pos; [left; now apply Rinv_0_lt_compat|apply Rle_0_sqr].
Qed.
(** log(1 + exp(-m)) decreases in m >= -|a|_1 sup |sigma| *)
Theorem threshold_loss p (a s : vector) y S : Rabs y = 1 -> (forall j, Rabs (s j) <= S) -> 0 <= S ->
  - (sum p (fun j => Rabs (a j)) * S) <= y * dot p a s /\
  ln (1 + exp (- (y * dot p a s))) <= ln (1 + exp (sum p (fun j => Rabs (a j)) * S)).
Proof.
  intros Hy Hs HS.
  assert (B : Rabs (y * dot p a s) <= sum p (fun j => Rabs (a j)) * S).
  { rewrite Rabs_mult, Hy, Rmult_1_l. unfold dot. eapply Rle_trans; [apply sum_abs|]. rewrite <- sum_scale_right. apply sum_le. intros j _.
    rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|apply Hs]. }
  pose proof (Rle_abs (- (y * dot p a s))) as M. rewrite Rabs_Ropp in M. split; [lra|].
  pose proof (exp_pos (- (y * dot p a s))). apply ln_le; [lra|]. apply Rplus_le_compat_l.
  destruct (Rle_lt_or_eq_dec _ _ (Rle_trans _ _ _ M B)) as [L|L]; [left; now apply exp_increasing|rewrite L; lra].
Qed.

(** <grad f, W> = sum a_j z_j s'(z_j) = f - delta with |delta| <= kappa |a|_1, where the gradient has the entries a_j s'(z_j) x_k and z = W x *)
Theorem euler_defect p d (a z s s1 x : vector) (W : matrix) kappa : (forall j, z j = apply d W x j) -> (forall j, Rabs (s j - z j * s1 j) <= kappa) ->
  sum p (fun j => sum d (fun k => (a j * s1 j * x k) * W j k)) = sum p (fun j => a j * (z j * s1 j)) /\
  sum p (fun j => a j * (z j * s1 j)) = dot p a s - sum p (fun j => a j * (s j - z j * s1 j)) /\
  Rabs (sum p (fun j => a j * (s j - z j * s1 j))) <= kappa * sum p (fun j => Rabs (a j)).
Proof.
  intros Hz H. split; [|split].
  - apply sum_ext. intros j _. rewrite Hz. unfold apply, dot.
    rewrite (sum_ext d _ (fun k => (a j * s1 j) * (W j k * x k))) by (intros; ring). rewrite sum_scale. ring.
  - unfold dot. rewrite <- sum_minus. apply sum_ext. intros; ring.
  - eapply Rle_trans; [apply sum_abs|]. rewrite <- sum_scale. apply sum_le. intros j _. rewrite Rabs_mult, Rmult_comm.
    apply Rmult_le_compat_r; [apply Rabs_pos|apply H].
Qed.
(** (f - y)(f - delta) = (f - (y + delta)/2)^2 - (y - delta)^2 / 4 >= -Q *)
Theorem square_completed f y delta B kappa1 : Rabs y <= B -> Rabs delta <= kappa1 ->
  (f - y) * (f - delta) = (f - (y + delta) / 2) * (f - (y + delta) / 2) - / 4 * ((y - delta) * (y - delta)) /\
  - (/ 4 * ((B + kappa1) * (B + kappa1))) <= (f - y) * (f - delta).
Proof.
  intros Hy Hd. assert (E : (f - y) * (f - delta) = (f - (y + delta) / 2) * (f - (y + delta) / 2) - / 4 * ((y - delta) * (y - delta))) by field.
  split; [exact E|]. rewrite E. assert (0 <= (f - (y + delta) / 2) * (f - (y + delta) / 2)) by apply Rle_0_sqr.
  assert (T : Rabs (y - delta) <= B + kappa1).
  { unfold Rminus. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra. }
  replace ((y - delta) * (y - delta)) with (Rabs (y - delta) * Rabs (y - delta)) by (rewrite <- Rabs_mult; apply Rabs_pos_eq, Rle_0_sqr).
  pose proof (Rabs_pos (y - delta)). nra.
Qed.
(** |grad L| >= <grad L, W>/|W| >= lambda |W| - Q/|W|; its square *)
Theorem squared_gradient n (g w : vector) lambda Q : 0 < lambda -> 0 < norm n w -> lambda * dot n w w - Q <= dot n g w -> Q / lambda <= dot n w w -> 
  lambda * norm n w - Q / norm n w <= norm n g /\ lambda * lambda * dot n w w - 2 * lambda * Q <= dot n g g.
Proof.
  intros Hl Hw H HQ. pose proof (cauchy n g w) as C. set (r := norm n w) in *.
  assert (Er : dot n w w = r * r) by (symmetry; apply norm_square). rewrite Er in *.
  assert (A : lambda * r - Q / r <= norm n g).
  { apply Rmult_le_reg_r with r; [easy|]. replace ((lambda * r - Q / r) * r) with (lambda * (r * r) - Q) by (field; lra). lra. }
  split; [exact A|]. rewrite <- norm_square.
  assert (P : 0 <= lambda * r - Q / r).
  { apply Rmult_le_reg_r with r; [easy|]. replace ((lambda * r - Q / r) * r) with (lambda * (r * r) - Q) by (field; lra).
    apply Rmult_le_compat_l with (r := lambda) in HQ; [|lra]. replace (lambda * (Q / lambda)) with Q in HQ by (field; lra). lra. }
  apply Rle_trans with ((lambda * r - Q / r) * (lambda * r - Q / r)).
  - replace ((lambda * r - Q / r) * (lambda * r - Q / r)) with (lambda * lambda * (r * r) - 2 * lambda * Q + (Q / r) * (Q / r)) by (field; lra).
    assert (0 <= Q / r * (Q / r)) by apply Rle_0_sqr. lra.
  - apply Rmult_le_compat; easy.
Qed.
(** lambda^2 w^2 / s - beta w >= lambda^2 w^2 / (2 s) - s beta^2 / (2 lambda^2) *)
Theorem squared_growth lambda s beta w : 0 < lambda -> 0 < s -> lambda * lambda / (2 * s) * (w * w) - s * (beta * beta) / (2 * (lambda * lambda)) <= lambda * lambda / s * (w * w) - beta * w.
Proof.
  intros Hl Hs. assert (E : lambda * lambda / s * (w * w) - beta * w - (lambda * lambda / (2 * s) * (w * w) - s * (beta * beta) / (2 * (lambda * lambda))) =
    / (2 * s) * ((lambda * w - s * beta / lambda) * (lambda * w - s * beta / lambda))) by (field; lra).
  assert (0 <= / (2 * s) * ((lambda * w - s * beta / lambda) * (lambda * w - s * beta / lambda))) by (apply Rmult_le_pos; [left; apply Rinv_0_lt_compat; lra|apply Rle_0_sqr]).
  lra.
Qed.

(** 0 <= q (1-q) (grad f)(grad f)^T <= |grad f|^2 / 4, and |grad f|^2 = |x|^2 sum a_j^2 s_j^2 <= B^2 M1^2 |a|^2 *)
Theorem hessian_outer n q (u v : vector) : 0 <= q <= 1 ->
  0 <= form n (fun i j => q * (1 - q) * (u i * u j)) v <= / 4 * dot n u u * dot n v v.
Proof.
  intros Hq. rewrite form_scale, form_outer. assert (Q : q * (1 - q) <= / 4) by (assert (0 <= (q - / 2) * (q - / 2)) by apply Rle_0_sqr; lra).
  pose proof (cauchy_squares n u v). pose proof (dot_self n u). pose proof (dot_self n v). assert (0 <= dot n u v * dot n u v) by apply Rle_0_sqr.
  assert (0 <= q * (1 - q)) by (apply Rmult_le_pos; lra). split; [now apply Rmult_le_pos|].
  replace (/ 4 * dot n u u * dot n v v) with (/ 4 * (dot n u u * dot n v v)) by ring. now apply Rmult_le_compat.
Qed.
(** a block y q a s x x^T lies between -/+ B^2 M2 |a|_oo *)
Theorem hessian_blocks d y q a s (x v : vector) B M2 A : Rabs y = 1 -> 0 <= q <= 1 -> Rabs a <= A -> Rabs s <= M2 -> norm d x <= B ->
  Rabs (form d (fun i j => y * q * a * s * (x i * x j)) v) <= B * B * M2 * A * dot d v v.
Proof.
  intros Hy Hq Ha Hs HB. rewrite form_scale, form_outer, Rabs_mult, !Rabs_mult, Hy, (Rabs_pos_eq q) by lra.
  pose proof (Rabs_pos a). pose proof (Rabs_pos s). pose proof (norm_pos d x). pose proof (dot_self d v).
  assert (C : Rabs (dot d x v) * Rabs (dot d x v) <= B * B * dot d v v).
  { rewrite <- Rabs_mult, Rabs_pos_eq by apply Rle_0_sqr. eapply Rle_trans; [apply cauchy_squares|]. rewrite <- (norm_square d x).
    apply Rmult_le_compat_r; [easy|]. nra. }
  assert (P : 1 * q * Rabs a * Rabs s <= M2 * A).
  { assert (Rabs a * Rabs s <= A * M2) by (apply Rmult_le_compat; easy). assert (0 <= Rabs a * Rabs s) by nra. nra. }
  replace (B * B * M2 * A * dot d v v) with (M2 * A * (B * B * dot d v v)) by ring.
  apply Rmult_le_compat; [|pose proof (Rabs_pos (dot d x v)); nra|easy|easy].
  apply Rmult_le_pos; [|easy]. apply Rmult_le_pos; lra.
Qed.
(** lambda_c - lambda_cvx = B^2 M1^2 |a|_oo (|a|_2^2/|a|_oo - 2 M2/M1^2) / 2 *)
Theorem threshold_difference B M1 M2 a2 A : M1 <> 0 -> A <> 0 ->
  / 2 * (M1 * M1) * (B * B) * a2 - B * B * M2 * A = / 2 * (B * B) * (M1 * M1) * A * (a2 / A - 2 * M2 / (M1 * M1)).
Proof. intros HM HA. field. split; easy. Qed.

(** w (1 - w)^2 <= 4/27 on [0, 1], with equality at 1/3 *)
Theorem bend_cubic w : 0 <= w <= 1 -> 4 / 27 - w * ((1 - w) * (1 - w)) = (w - / 3) * (w - / 3) * (4 / 3 - w) /\
  w * ((1 - w) * (1 - w)) <= 4 / 27 /\ / 3 * ((1 - / 3) * (1 - / 3)) = 4 / 27.
Proof.
  intros Hw. assert (E : 4 / 27 - w * ((1 - w) * (1 - w)) = (w - / 3) * (w - / 3) * (4 / 3 - w)) by field. split; [exact E|]. split; [|field].
  assert (0 <= (w - / 3) * (w - / 3) * (4 / 3 - w)) by (apply Rmult_le_pos; [apply Rle_0_sqr|lra]). lra.
Qed.
(** log y <= y - 1, so y exp(1 - y) <= 1, with equality at 1 *)
Theorem bend_gaussian y : 0 < y -> ln y <= y - 1 /\ y * exp (1 - y) <= 1 /\ 1 * exp (1 - 1) = 1.
Proof.
  intros Hy. assert (L : ln y <= y - 1).
  { pose proof (exp_ineq1_le (y - 1)) as E. replace (1 + (y - 1)) with y in E by ring. apply ln_le in E; [|easy]. rewrite ln_exp in E. lra. }
  split; [exact L|]. split; [|rewrite Rminus_diag_eq, exp_0 by easy; lra].
  rewrite <- (exp_ln y Hy) at 1. rewrite <- exp_plus. apply Rle_trans with (exp 0); [|rewrite exp_0; lra].
  destruct (Rle_lt_or_eq_dec (ln y + (1 - y)) 0 ltac:(lra)) as [M|M]; [left; now apply exp_increasing|rewrite M; lra].
Qed.

(** the recursion e' <= (1 - s m)^2 e + s^2 N and its fixed point s N / (m (2 - s m)); the distance to it shrinks by (1 - s m)^2 *)
Theorem descent_fixed_point s m N : 0 < m -> 0 < s -> s * m < 2 -> (1 - s * m) * (1 - s * m) * (s * N / (m * (2 - s * m))) + s * s * N = s * N / (m * (2 - s * m)).
Proof. intros Hm Hs H. field. split; lra. Qed.
Theorem descent_distance (e : nat -> R) s m N : 0 < m -> 0 < s -> s * m < 2 -> (forall k, e (S k) <= (1 - s * m) * (1 - s * m) * e k + s * s * N) ->
  forall k, e k <= ((1 - s * m) * (1 - s * m)) ^ k * (e O - s * N / (m * (2 - s * m))) + s * N / (m * (2 - s * m)).
Proof.
  intros Hm Hs Hsm H. pose proof (descent_fixed_point s m N Hm Hs Hsm) as F. set (f := s * N / (m * (2 - s * m))) in *. set (r := (1 - s * m) * (1 - s * m)) in *.
  assert (0 <= r) by apply Rle_0_sqr. induction k; simpl; [lra|]. specialize (H k).
  assert (r * e k <= r * (r ^ k * (e O - f) + f)) by now apply Rmult_le_compat_l.
  assert (r * (r ^ k * (e O - f) + f) = r * r ^ k * (e O - f) + r * f) by ring. lra.
Qed.
(** for L = lambda |W|^2 / 2 the second moment v that a step W - s lambda W - s xi keeps gives the excess lambda v / 2 of the bound, s N / 4 / (1 - s lambda / 2) *)
Theorem descent_equality s lambda N v : 0 < lambda -> 0 < s -> s * lambda < 2 ->
  v = (1 - s * lambda) * (1 - s * lambda) * v + s * s * N ->
  lambda / 2 * v = s * N / 4 / (1 - s * lambda / 2) /\ lambda / 2 * (s * N / (lambda * (2 - s * lambda))) = s * N / 4 / (1 - s * lambda / 2).
Proof.
  intros Hl Hs H Hv. assert (E : v = s * N / (lambda * (2 - s * lambda))).
  { assert (F : v * (lambda * (2 - s * lambda)) = s * N) by (apply Rmult_eq_reg_l with s; [lra|lra]). rewrite <- F. field. split; lra. }
  rewrite E. split; field; repeat split; lra.
Qed.
(** an eigenvalue h of the Hessian between m and Lambda has |1 - s h| <= 1 - s m *)
Theorem descent_contraction s m Lambda h : 0 < s -> m <= h <= Lambda -> s * (m + Lambda) <= 2 -> Rabs (1 - s * h) <= 1 - s * m.
Proof. intros Hs Hh H. apply Rabs_le. split; nra. Qed.
(** log(1 + exp(-m)) > 0, so 2 L / s >= lambda |W|^2 / s *)
Theorem domination_exponent n (w m : vector) lambda s W2 : 0 < s -> (forall i, 0 <= w i) ->
  (forall i, 0 < ln (1 + exp (- m i))) /\ lambda * W2 / s <= 2 * (sum n (fun i => w i * ln (1 + exp (- m i))) + lambda / 2 * W2) / s.
Proof.
  intros Hs Hw. assert (P : forall i, 0 < ln (1 + exp (- m i))) by (intros i; pose proof (exp_pos (- m i)); pose proof (ln_increasing 1 (1 + exp (- m i)) ltac:(lra) ltac:(lra)) as I; rewrite ln_1 in I; exact I).
  split; [exact P|]. unfold Rdiv. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|].
  assert (0 <= sum n (fun i => w i * ln (1 + exp (- m i)))) by (apply sum_nonneg; intros; apply Rmult_le_pos; [easy|left; apply P]). lra.
Qed.
(** -c r^2 + b r <= -c r^2 / 2 + b^2 / (2 c) *)
Theorem initial_integrable c b r : 0 < c -> - c * (r * r) + b * r <= - (c / 2) * (r * r) + b * b / (2 * c).
Proof.
  intros Hc. assert (E : - (c / 2) * (r * r) + b * b / (2 * c) - (- c * (r * r) + b * r) = / (2 * c) * ((c * r - b) * (c * r - b))) by (field; lra).
  assert (0 <= / (2 * c) * ((c * r - b) * (c * r - b))) by (apply Rmult_le_pos; [left; apply Rinv_0_lt_compat; lra|apply Rle_0_sqr]). lra.
Qed.
(** lambda r^2 - G r <= N/beta, solved *)
Theorem excess_moment lambda G c r : 0 < lambda -> 0 <= c -> 0 <= G -> lambda * (r * r) - G * r <= c -> r <= (G + sqrt (G * G + 4 * lambda * c)) / (2 * lambda).
Proof.
  intros Hl Hc HG H. apply below_over; [lra|]. set (q := sqrt (G * G + 4 * lambda * c)).
  assert (Q : q * q = G * G + 4 * lambda * c) by (apply sqrt_sqrt; nra). assert (0 <= q) by apply sqrt_pos.
  apply Rnot_lt_le. intros C. assert (q < 2 * lambda * r - G) by lra. assert (q * q < (2 * lambda * r - G) * (2 * lambda * r - G)) by nra. nra.
Qed.
