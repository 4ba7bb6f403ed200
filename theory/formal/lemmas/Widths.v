(** Widths: networks at two points of weight space, products of vectors, recursions and numbers of the width theorems,
    output layers, and gradient descent from outputs that are zero. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certigram.lemmas Require Import Vectors Equilibrium Matrices Spectra.
Open Scope R_scope.

(** |<x, y> - <x', y'>| <= |x - x'| |y| + |x'| |y - y'| *)
Theorem smoothing_products n x x' y y' :
  Rabs (dot n x y - dot n x' y') <= norm n (fun i => x i - x' i) * norm n y + norm n x' * norm n (fun i => y i - y' i).
Proof.
  replace (dot n x y - dot n x' y') with (dot n (fun i => x i - x' i) y + dot n x' (fun i => y i - y' i)).
  - eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; apply cauchy_abs.
  - rewrite dot_minus, (dot_comm n x' (fun i => y i - y' i)), dot_minus, (dot_comm n y), (dot_comm n y'). ring.
Qed.
(** the product rule for an inner product, and |d(z . w)| <= |dz| |w| + |z| |dw| *)
Theorem product_rule n (z w : R -> vector) (dz dw : vector) t :
  (forall i, is_derive (fun s => z s i) t (dz i)) -> (forall i, is_derive (fun s => w s i) t (dw i)) ->
  is_derive (fun s => dot n (z s) (w s)) t (dot n dz (w t) + dot n (z t) dw) /\
  Rabs (dot n dz (w t) + dot n (z t) dw) <= norm n dz * norm n (w t) + norm n (z t) * norm n dw.
Proof.
  intros Hz Hw. split; [now apply dot_derivative|].
  eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; apply cauchy_abs.
Qed.
(** |Z^T Z - Z'^T Z'|_F <= (|Z|_2 + |Z'|_2) |Z - Z'|_F *)
Theorem gram_slope m n (Z Z' : matrix) z z' : 0 <= z -> 0 <= z' ->
  spectral n m (fun i k => Z k i) z -> spectral n m (fun i k => Z' k i) z' ->
  frobenius n n (fun i j => gram m Z i j - gram m Z' i j) <= (z + z') * frobenius m n (fun k i => Z k i - Z' k i).
Proof.
  intros Hz Hz' HZ HZ'. set (D := fun k i => Z k i - Z' k i).
  assert (A : frobenius n n (fun i j => times m (fun i k => Z k i) D i j) <= z * frobenius m n D) by (apply times_frobenius; easy).
  assert (B : frobenius n n (fun i j => times m (fun i k => Z' k i) D i j) <= z' * frobenius m n D) by (apply times_frobenius; easy).
  assert (T : forall M : matrix, frobenius n n (fun i j => M j i) = frobenius n n M).
  { intros M. unfold frobenius, dot. f_equal. now rewrite sum_swap. }
  rewrite (frobenius_ext n n _ (fun i j => times m (fun i k => Z k i) D i j + times m (fun i k => Z' k i) D j i)).
  - eapply Rle_trans; [apply frobenius_triangle|]. rewrite (T (times m (fun i k => Z' k i) D)).
    eapply Rle_trans; [apply Rplus_le_compat; [exact A|exact B]|]. fold D. lra.
  - intros i j _ _. unfold gram, times, D. rewrite <- sum_minus, <- sum_plus. apply sum_ext. intros; ring.
Qed.
(** t = |y - y'| obeys t <= a t + x where y - y' = W (z - z') + r with z = s(y), z' = s(y'), L |W| <= a and |r| <= x; so t <= x / (1 - a),
    and |z - z'| <= L t *)
Theorem two_points_solved n s W L w a (y y' z z' r : vector) x : 0 <= L -> 0 <= w -> L * w <= a -> a < 1 -> lipschitz L s -> spectral n n W w ->
  (forall i, z i = s (y i)) -> (forall i, z' i = s (y' i)) -> (forall i, y i - y' i = apply n W (fun j => z j - z' j) i + r i) -> norm n r <= x ->
  let t := norm n (fun i => y i - y' i) in t <= a * t + x /\ t <= / (1 - a) * x /\ norm n (fun i => z i - z' i) <= L * t.
Proof.
  intros HL Hw Ha H1 Hs HW Hz Hz' Hy Hr t. assert (Pt : 0 <= t) by apply norm_pos.
  assert (Z : norm n (fun i => z i - z' i) <= L * t).
  { rewrite (norm_ext n _ (fun i => s (y i) - s (y' i))) by (intros; now rewrite Hz, Hz'). now apply lipschitz_norm. }
  assert (T : t <= a * t + x).
  { unfold t at 1. rewrite (norm_ext n _ (fun i => apply n W (fun j => z j - z' j) i + r i)) by (intros; apply Hy).
    eapply Rle_trans; [apply norm_triangle|]. specialize (HW (fun j => z j - z' j)).
    assert (w * norm n (fun i => z i - z' i) <= w * (L * t)) by now apply Rmult_le_compat_l. assert (L * w * t <= a * t) by now apply Rmult_le_compat_r. lra. }
  split; [exact T|]. split; [|exact Z]. apply Rmult_le_reg_l with (1 - a); [lra|]. rewrite <- Rmult_assoc, Rinv_r by lra. lra.
Qed.
(** sum_ij (R_j S_i + R_i S_j)^2 <= 4 sum R_i^2 sum S_j^2 *)
Theorem gram_variance n (r s : vector) :
  sum n (fun i => sum n (fun j => (r j * s i + r i * s j) * (r j * s i + r i * s j))) <= 4 * (dot n r r * dot n s s).
Proof.
  pose proof (cauchy_squares n r s) as C.
  assert (E : sum n (fun i => sum n (fun j => (r j * s i + r i * s j) * (r j * s i + r i * s j))) = 2 * (dot n r r * dot n s s) + 2 * (dot n r s * dot n r s)).
  { rewrite (sum_ext n _ (fun i => s i * s i * dot n r r + r i * r i * dot n s s + 2 * (r i * s i * dot n r s))).
    - rewrite !sum_plus, !sum_scale, !sum_scale_right. fold (dot n s s) (dot n r r) (dot n r s). ring.
    - intros i _. unfold dot. rewrite <- !sum_scale, <- !sum_plus. apply sum_ext. intros; ring. }
  rewrite E. lra.
Qed.
(** Y^2 <= A (c^2 + k Y) gives Y <= sqrt A c + A k *)
Theorem trace_recursion Y A c k : 0 <= Y -> 0 <= A -> 0 <= c -> 0 <= k -> Y * Y <= A * (c * c + k * Y) -> Y <= sqrt A * c + A * k.
Proof.
  intros HY HA Hc Hk H. pose proof (sqrt_sqrt A HA) as Q. pose proof (sqrt_pos A) as P. apply Rnot_lt_le. intros C.
  assert (0 <= sqrt A * c) by now apply Rmult_le_pos. assert (0 <= A * k) by now apply Rmult_le_pos.
  assert (Y * (Y - A * k) <= (sqrt A * c) * (sqrt A * c)).
  { replace (sqrt A * c * (sqrt A * c)) with (sqrt A * sqrt A * (c * c)) by ring. rewrite Q. lra. }
  assert (sqrt A * c < Y - A * k) by lra. assert (sqrt A * c <= Y) by lra.
  assert ((sqrt A * c) * (sqrt A * c) < Y * (Y - A * k)) by nra. lra.
Qed.
(** c/m + Q/sqrt m = lambda/2 at sqrt m = (Q + sqrt(Q^2 + 2 c lambda)) / lambda *)
Theorem corollary_gram Q c l : 0 < l -> 0 <= c -> 0 <= Q -> 0 < Q * Q + 2 * c * l ->
  let q := (Q + sqrt (Q * Q + 2 * c * l)) / l in c / (q * q) + Q / q = / 2 * l.
Proof.
  intros Hl Hc HQ HP q. set (r := sqrt (Q * Q + 2 * c * l)) in *. assert (Er : r * r = Q * Q + 2 * c * l) by (apply sqrt_sqrt; lra).
  assert (Pr : 0 < r) by now apply sqrt_lt_R0. unfold q.
  assert (Ec : c = (r * r - Q * Q) / (2 * l)) by (rewrite Er; field; lra). rewrite Ec. field. split; lra.
Qed.
(** exp(-log(1/d))/2 + exp(-log(4/d)) + d/4 = d *)
Theorem gram_total d : 0 < d -> / 2 * exp (- ln (/ d)) + exp (- ln (4 / d)) + d / 4 = d.
Proof.
  intros Hd. assert (P : 0 < 4 / d) by (apply Rdiv_lt_0_compat; lra). rewrite !exp_Ropp, !exp_ln by (try easy; now apply Rinv_0_lt_compat). field. lra.
Qed.
(** 4/9 + 1/20 < 1/2 *)
Theorem gram_median : 4 / 9 + 1 / 20 < / 2.
Proof. lra. Qed.
(** (E N)^2 = E N^2 - Var N >= 1 - beta - varpi - l^2; |N - EN| <= tau <= EN puts N^2 into [1 - e, 1 + e] when
    (sqrt(1 - x) - tau)^2 >= 1 - e and (sqrt(1 + beta) + tau)^2 <= 1 + e *)
Theorem whitened_window N EN tau x b e : 0 <= x <= 1 -> 0 <= b -> 1 - x <= EN * EN <= 1 + b -> 0 <= EN -> Rabs (N - EN) <= tau ->
  tau <= sqrt (1 - x) -> 1 - e <= (sqrt (1 - x) - tau) * (sqrt (1 - x) - tau) -> (sqrt (1 + b) + tau) * (sqrt (1 + b) + tau) <= 1 + e ->
  1 - e <= N * N <= 1 + e.
Proof.
  intros Hx Hb HE H0 HN Ht Hl Hu.
  assert (L : sqrt (1 - x) <= EN) by (rewrite <- (sqrt_square EN H0); now apply sqrt_le_1_alt).
  assert (U : EN <= sqrt (1 + b)) by (rewrite <- (sqrt_square EN H0); now apply sqrt_le_1_alt).
  pose proof (Rle_abs (N - EN)). pose proof (Rle_abs (- (N - EN))) as M. rewrite Rabs_Ropp in M.
  assert (0 <= sqrt (1 - x) - tau <= N) by lra. assert (N <= sqrt (1 + b) + tau) by lra. split; nra.
Qed.
(** on the event (1 - w) K <= G <= (1 + w) K: the eigenvalues and the trace *)
Theorem training_spectrum n K G w l u : 0 <= w <= 1 -> (forall v, (1 - w) * form n K v <= form n G v <= (1 + w) * form n K v) ->
  eigenvalue_at_least n K l -> eigenvalue_at_most n K u ->
  eigenvalue_at_least n G ((1 - w) * l) /\ eigenvalue_at_most n G ((1 + w) * u) /\ sum n (fun i => G i i) <= (1 + w) * sum n (fun i => K i i).
Proof.
  intros Hw H Hl Hu. split; [|split].
  - intros v. specialize (H v). specialize (Hl v). assert ((1 - w) * (l * dot n v v) <= (1 - w) * form n K v) by (apply Rmult_le_compat_l; lra). lra.
  - intros v. specialize (H v). specialize (Hu v). assert ((1 + w) * form n K v <= (1 + w) * (u * dot n v v)) by (apply Rmult_le_compat_l; lra). lra.
  - rewrite <- sum_scale. apply sum_le. intros i Hi. destruct (H (fun k => if Nat.eqb k i then 1 else 0)) as [_ D].
    assert (E : forall A, form n A (fun k => if Nat.eqb k i then 1 else 0) = A i i).
    { intros A. unfold form. rewrite (sum_ext n _ (fun k => A k i * (if Nat.eqb k i then 1 else 0))).
      - now rewrite (sum_pick n i (fun k => A k i)).
      - intros k _. now rewrite (sum_pick n i (fun j => A k j * (if Nat.eqb k i then 1 else 0))). }
    now rewrite !E in D.
Qed.

(** ** The output layer *)
(** yhat = Z^T u + F^T v is linear, and one step takes e to e - eta (Z^T Z + F^T F) e *)
Theorem output_step m n (Z F : matrix) (u v u' v' e e' y : vector) eta j :
  (forall j, e j = sum m (fun i => Z i j * u i) + sum m (fun i => F i j * v i) - y j) ->
  (forall j, e' j = sum m (fun i => Z i j * u' i) + sum m (fun i => F i j * v' i) - y j) ->
  (forall i, u' i = u i - eta * apply n Z e i) -> (forall i, v' i = v i - eta * apply n F e i) ->
  e' j = e j - eta * sum n (fun k => (gram m Z j k + gram m F j k) * e k).
Proof.
  intros He He' Hu Hv. rewrite He', He.
  assert (S : forall (M : matrix) (w w' : vector), (forall i, w' i = w i - eta * apply n M e i) ->
    sum m (fun i => M i j * w' i) = sum m (fun i => M i j * w i) - eta * sum n (fun k => gram m M j k * e k)).
  { intros M w w' Hw. rewrite (sum_ext m _ (fun i => M i j * w i - eta * sum n (fun k => M i j * M i k * e k))).
    - rewrite sum_minus, sum_scale, sum_swap. f_equal. f_equal. apply sum_ext. intros k _. unfold gram. now rewrite sum_scale_right.
    - intros i _. rewrite Hw. unfold apply, dot. rewrite Rmult_minus_distr_l. f_equal.
      replace (M i j * (eta * sum n (fun k => M i k * e k))) with (eta * (M i j * sum n (fun k => M i k * e k))) by ring.
      rewrite <- sum_scale. f_equal. apply sum_ext. intros; ring. }
  rewrite (S Z u u' Hu), (S F v v' Hv).
  rewrite (sum_ext n (fun k => (gram m Z j k + gram m F j k) * e k) (fun k => gram m Z j k * e k + gram m F j k * e k)) by (intros; ring).
  rewrite sum_plus. ring.
Qed.
Lemma form_step n M eta v : form n (fun i j => identity i j - eta * M i j) v = dot n v v - eta * form n M v.
Proof.
  rewrite form_minus, form_scale. f_equal. rewrite (form_ext n identity (fun i j => 1 * identity i j)) by (intros; ring).
  rewrite (form_diagonal n (fun _ => 1)). apply sum_ext. intros; ring.
Qed.
(** the eigenvalues of I - eta M lie between 0 and 1 - eta l, where those of M lie between l and u *)
Theorem output_spectrum n M eta l u : 0 < eta -> 0 < u -> eta <= / u -> eigenvalue_at_least n M l -> eigenvalue_at_most n M u ->
  eigenvalue_at_least n (fun i j => identity i j - eta * M i j) 0 /\ eigenvalue_at_most n (fun i j => identity i j - eta * M i j) (1 - eta * l).
Proof.
  intros He Pu Hu HL HU. assert (B : eta * u <= 1) by (apply Rmult_le_compat_r with (r := u) in Hu; [rewrite Rinv_l in Hu; lra|lra]).
  split; intros v; rewrite form_step; specialize (HL v); specialize (HU v); pose proof (dot_self n v).
  - assert (eta * form n M v <= eta * (u * dot n v v)) by (apply Rmult_le_compat_l; lra).
    assert (eta * u * dot n v v <= 1 * dot n v v) by now apply Rmult_le_compat_r. lra.
  - assert (eta * (l * dot n v v) <= eta * form n M v) by (apply Rmult_le_compat_l; lra). lra.
Qed.
(** a positive semidefinite matrix with eigenvalues of at most r has norm at most r *)
Lemma semidefinite_spectral n A r : 0 <= r -> symmetric n A -> semidefinite n A -> eigenvalue_at_most n A r -> spectral n n A r.
Proof.
  intros Hr HS HA HU x. destruct (cholesky n A HS HA) as [V HV]. pose proof (sqrt_sqrt r Hr) as Q. pose proof (sqrt_pos r) as P.
  assert (SV : spectral n n V (sqrt r)).
  { intros y. apply norm_at_most; [apply Rmult_le_pos; [easy|apply norm_pos]|].
    change (dot n (apply n V y) (apply n V y)) with (sum n (fun k => dot n (V k) y * dot n (V k) y)). rewrite <- form_gram.
    rewrite <- (form_ext n A (gram n V)) by (intros; now apply HV). eapply Rle_trans; [apply HU|]. rewrite <- norm_square.
    replace (sqrt r * norm n y * (sqrt r * norm n y)) with (sqrt r * sqrt r * (norm n y * norm n y)) by ring. rewrite Q. lra. }
  pose proof (spectral_transpose n n V (sqrt r) P SV (apply n V x)) as T. specialize (SV x).
  rewrite (norm_ext n (apply n A x) (apply n (fun i j => V j i) (apply n V x))).
  - eapply Rle_trans; [exact T|]. replace (r * norm n x) with (sqrt r * (sqrt r * norm n x)) by (rewrite <- Rmult_assoc, Q; ring).
    now apply Rmult_le_compat_l.
  - intros i Hi. unfold apply, dot. rewrite (sum_ext n (fun j => A i j * x j) (fun j => sum n (fun k => V k i * (V k j * x j)))).
    + rewrite sum_swap. apply sum_ext. intros k _. now rewrite sum_scale.
    + intros j Hj. rewrite HV by easy. unfold gram. rewrite <- sum_scale_right. apply sum_ext. intros; ring.
Qed.
(** so every step e' = (I - eta M) e multiplies the norm by at most 1 - eta l *)
Theorem output_rate n M eta l u (e : nat -> vector) : 0 < eta -> 0 < u -> eta <= / u -> l <= u -> symmetric n M ->
  eigenvalue_at_least n M l -> eigenvalue_at_most n M u -> (forall k i, e (S k) i = e k i - eta * apply n M (e k) i) ->
  (forall k, norm n (e (S k)) <= (1 - eta * l) * norm n (e k)) /\ forall k, norm n (e k) <= (1 - eta * l) ^ k * norm n (e O).
Proof.
  intros He Pu Hu Hlu HS HL HU H. assert (B : 0 <= 1 - eta * l).
  { assert (eta * u <= 1) by (apply Rmult_le_compat_r with (r := u) in Hu; [rewrite Rinv_l in Hu; lra|lra]).
    assert (eta * l <= eta * u) by (apply Rmult_le_compat_l; lra). lra. }
  destruct (output_spectrum n M eta l u He Pu Hu HL HU) as [S0 S1].
  assert (N : spectral n n (fun i j => identity i j - eta * M i j) (1 - eta * l)).
  { apply semidefinite_spectral; [easy| |intros v; specialize (S0 v); lra|easy].
    intros i j Hi Hj. unfold identity. now rewrite Nat.eqb_sym, HS. }
  assert (G : forall k, norm n (e (S k)) <= (1 - eta * l) * norm n (e k)).
  { intros k. eapply Rle_trans; [|apply N]. right. apply norm_ext. intros i Hi. rewrite H. unfold apply, dot.
    rewrite (sum_ext n (fun j => (identity i j - eta * M i j) * e k j) (fun j => e k j * (if Nat.eqb j i then 1 else 0) - eta * (M i j * e k j))).
    - rewrite sum_minus, sum_scale, (sum_pick n i (e k)) by easy. easy.
    - intros j _. unfold identity. rewrite Nat.eqb_sym. ring. }
  split; [exact G|]. induction k; simpl; [lra|]. eapply Rle_trans; [apply G|]. rewrite Rmult_assoc. now apply Rmult_le_compat_l.
Qed.

(** ** Drift of the features in one step *)
(** q = D p, p = u + B^T q: |q| <= |p| <= s |u| with s = 1/(1 - a), and |E (q + v)| <= s |u| + |v| <= sqrt(1 + s^2) |(u, v)| *)
Theorem drift_adjoint n (D E : vector) (Bt : matrix) a (u v p q : vector) : a < 1 -> (forall i, 0 <= D i <= 1) -> (forall i, 0 <= E i <= 1) -> spectral n n Bt a -> 0 <= a ->
  (forall i, q i = D i * p i) -> (forall i, p i = u i + apply n Bt q i) ->
  norm n q <= / (1 - a) * norm n u /\ norm n (fun i => E i * (q i + v i)) <= / (1 - a) * norm n u + norm n v /\
  / (1 - a) * norm n u + norm n v <= sqrt (/ (1 - a) * / (1 - a) + 1 * 1) * sqrt (norm n u * norm n u + norm n v * norm n v).
Proof.
  intros Ha HD HE HB Pa Hq Hp.
  assert (Q : norm n q <= norm n p).
  { apply norm_monotone. intros i _. rewrite Hq, Rabs_mult, (Rabs_pos_eq (D i)) by apply HD. pose proof (Rabs_pos (p i)). specialize (HD i). nra. }
  assert (P : norm n p <= norm n u + a * norm n p).
  { rewrite (norm_ext n p (fun i => u i + apply n Bt q i)) at 1 by (intros; apply Hp). eapply Rle_trans; [apply norm_triangle|].
    specialize (HB q). assert (a * norm n q <= a * norm n p) by now apply Rmult_le_compat_l. lra. }
  assert (F : norm n q <= / (1 - a) * norm n u).
  { eapply Rle_trans; [exact Q|]. apply Rmult_le_reg_l with (1 - a); [lra|]. rewrite <- Rmult_assoc, Rinv_r by lra. lra. }
  split; [exact F|]. split.
  - apply Rle_trans with (norm n (fun i => q i + v i)); [|eapply Rle_trans; [apply norm_triangle|lra]].
    apply norm_monotone. intros i _. rewrite Rabs_mult, (Rabs_pos_eq (E i)) by apply HE. pose proof (Rabs_pos (q i + v i)). specialize (HE i). nra.
  - pose proof (perturbation_plane (/ (1 - a)) 1 (norm n u) (norm n v)) as C. rewrite Rmult_1_l in C. exact C.
Qed.
(** a matrix with columns of norm at most b, times diag(e) X, has Frobenius norm at most b |e| |X| *)
Theorem drift_weights m n d (P X : matrix) (e : vector) b x : 0 <= b -> 0 <= x -> (forall i, norm m (fun a => P a i) <= b) ->
  spectral d n (fun k i => X i k) x ->
  frobenius m d (fun a k => sum n (fun i => P a i * e i * X i k)) <= x * (b * norm n e).
Proof.
  intros Hb Hx HP HX.
  assert (F : frobenius m d (fun a k => sum n (fun i => (P a i * e i) * X i k)) <= x * frobenius m n (fun a i => P a i * e i)).
  { apply (frobenius_spectral m n d (fun a i => P a i * e i) (fun k i => X i k)); easy. }
  eapply Rle_trans; [exact F|]. apply Rmult_le_compat_l; [easy|].
  apply Rsqr_incr_0_var; [|apply Rmult_le_pos; [easy|apply norm_pos]]. unfold Rsqr. rewrite frobenius_square.
  replace (b * norm n e * (b * norm n e)) with (b * b * (norm n e * norm n e)) by ring. rewrite norm_square. unfold dot. rewrite sum_swap, <- sum_scale.
  apply sum_le. intros i _. rewrite (sum_ext m _ (fun a => e i * e i * (P a i * P a i))) by (intros; ring). rewrite sum_scale, Rmult_comm.
  apply Rmult_le_compat_r; [apply Rle_0_sqr|]. specialize (HP i).
  change (sum m (fun a => P a i * P a i)) with (dot m (fun a => P a i) (fun a => P a i)). rewrite <- norm_square.
  pose proof (norm_pos m (fun a => P a i)). nra.
Qed.
(** (1 - 3 x / 8)^2 <= 1 - x / 2 for 0 <= x <= 16/9 *)
Theorem composed_rate x : 0 <= x <= 16 / 9 -> (1 - 3 / 8 * x) * (1 - 3 / 8 * x) <= 1 - / 2 * x.
Proof. intros Hx. nra. Qed.
(** ** Outputs that start at zero *)
(** v = a + W^T D v has |v| <= |a| / (1 - b), so |delta| <= L |v| <= L / (1 - b) |a| *)
Theorem zero_output_adjoint n (Wt : matrix) (D a v delta : vector) L w b : 0 <= L -> 0 <= w -> L * w <= b -> b < 1 ->
  spectral n n Wt w -> (forall i, Rabs (D i) <= L) -> (forall i, delta i = D i * v i) -> (forall i, v i = a i + apply n Wt delta i) ->
  norm n v <= norm n a / (1 - b) /\ norm n delta <= L / (1 - b) * norm n a.
Proof.
  intros HL Hw Hb H1 HW HD Hd Hv.
  assert (Q : norm n delta <= L * norm n v).
  { apply Rle_trans with (norm n (fun i => L * v i)); [|rewrite norm_scale, (Rabs_pos_eq L HL); lra].
    apply norm_monotone. intros i _. rewrite Hd, !Rabs_mult, (Rabs_pos_eq L HL). apply Rmult_le_compat_r; [apply Rabs_pos|apply HD]. }
  pose proof (norm_pos n v) as Pv.
  assert (P : norm n v <= norm n a + b * norm n v).
  { rewrite (norm_ext n v (fun i => a i + apply n Wt delta i)) at 1 by (intros; apply Hv). eapply Rle_trans; [apply norm_triangle|].
    specialize (HW delta). assert (w * norm n delta <= w * (L * norm n v)) by now apply Rmult_le_compat_l. nra. }
  assert (V : norm n v <= norm n a / (1 - b)) by (apply below_over; lra). split; [exact V|].
  eapply Rle_trans; [exact Q|]. replace (L / (1 - b) * norm n a) with (L * (norm n a / (1 - b))) by (field; lra). now apply Rmult_le_compat_l.
Qed.
(** |(Z' - Z)^T a'| <= l rho eta l (N^2 + x^2) |a| |e| |a'| = eta K |a| |a'| |e| with K = rho l^2 (N^2 + x^2) *)
Theorem zero_output_coupling n m (Dz : matrix) (a a' e : vector) l rho eta N x :
  frobenius m n Dz <= l * (rho * eta * l * (N * N + x * x) * norm m a * norm n e) ->
  norm n (fun j => sum m (fun i => Dz i j * a' i)) <= l * (rho * eta * l * (N * N + x * x) * norm m a * norm n e) * norm m a' /\
  l * (rho * eta * l * (N * N + x * x) * norm m a * norm n e) * norm m a' = eta * (rho * (l * l) * (N * N + x * x)) * norm m a * norm m a' * norm n e.
Proof.
  intros H. split; [|ring]. pose proof (norm_pos m a') as Pa. eapply Rle_trans; [|apply Rmult_le_compat_r; [exact Pa|exact H]].
  apply Rsqr_incr_0_var; [|apply Rmult_le_pos; [apply frobenius_pos|easy]]. unfold Rsqr. rewrite norm_square.
  replace (frobenius m n Dz * norm m a' * (frobenius m n Dz * norm m a')) with (frobenius m n Dz * frobenius m n Dz * (norm m a' * norm m a')) by ring.
  rewrite frobenius_square, norm_square. unfold dot at 1. rewrite (sum_ext m (fun i => dot n (Dz i) (Dz i)) (fun i => sum n (fun j => Dz i j * Dz i j))) by easy.
  rewrite sum_swap, <- sum_scale_right. apply sum_le. intros j _. apply (cauchy_squares m (fun i => Dz i j) a').
Qed.
(** 10.5 1.132^4 <= 17.3 *)
Theorem zero_output_worst : 10.5 * (1.132 * 1.132 * (1.132 * 1.132)) <= 17.3.
Proof. lra. Qed.
