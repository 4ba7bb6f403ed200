(** E erf(u) erf(v) of Gaussian u, v, and how steep the arcsine is. *)
From Coq Require Import Reals Lra.
Open Scope R_scope.

(** E erf(u) erf(v) for (u, v) centred Gaussian with covariance [[a, c], [c, b]] (Williams 1997; not proved
    here). *)
Definition erf_dual (a c b : R) : R := 2 / PI * asin (2 * c / sqrt ((1 + 2 * a) * (1 + 2 * b))).

Lemma asin_lip t x y : 0 <= t < 1 -> Rabs x <= t -> Rabs y <= t -> Rabs (asin x - asin y) <= Rabs (x - y) / sqrt (1 - t ^ 2).
Proof.
  intros Ht Hx Hy.
  assert (W : 0 < sqrt (1 - t ^ 2)) by (apply sqrt_lt_R0; nra).
  assert (B : forall x y, Rabs x <= t -> Rabs y <= t -> x < y -> 0 <= asin y - asin x <= (y - x) / sqrt (1 - t ^ 2)).
  { clear x y Hx Hy. intros x y Hx Hy L.
    assert (Hx' : - t <= x <= t) by (unfold Rabs in Hx; destruct (Rcase_abs x); lra).
    assert (Hy' : - t <= y <= t) by (unfold Rabs in Hy; destruct (Rcase_abs y); lra).
    destruct (MVT_cor2 asin (fun c => 1 / sqrt (1 - c²)) x y L) as (c & E & Hc).
    - intros c Hc. assert (R : -1 < c < 1) by lra. rewrite <- (derive_pt_asin c R). apply (derive_pt_eq_1 _ _ _ (derivable_pt_asin c R)). easy.
    - assert (Wc : sqrt (1 - t ^ 2) <= sqrt (1 - c²)) by (apply sqrt_le_1_alt; unfold Rsqr; nra).
      rewrite E. split.
      + apply Rmult_le_pos; [|lra]. apply Rlt_le, Rdiv_lt_0_compat; lra.
      + unfold Rdiv at 2. rewrite (Rmult_comm (y - x)). apply Rmult_le_compat_r; [lra|].
        unfold Rdiv. rewrite Rmult_1_l. apply Rinv_le_contravar; lra. }
  destruct (Rtotal_order x y) as [L|[->|L]].
  - specialize (B x y Hx Hy L). rewrite (Rabs_minus_sym x y), (Rabs_minus_sym (asin x)), (Rabs_pos_eq (y - x)), Rabs_pos_eq by lra. lra.
  - replace (asin y - asin y) with 0 by lra. replace (y - y) with 0 by lra. rewrite Rabs_R0. lra.
  - specialize (B y x Hy Hx L). rewrite (Rabs_pos_eq (x - y)), Rabs_pos_eq by lra. lra.
Qed.

Lemma two_over_pi : 0 < 2 / PI.
Proof. apply Rdiv_lt_0_compat; [lra|apply PI_RGT_0]. Qed.

Lemma asin_unit x : -1 <= 2 / PI * asin x <= 1.
Proof.
  pose proof (asin_bound x) as B. pose proof PI_RGT_0. assert (0 < / PI) by (apply Rinv_0_lt_compat; easy).
  assert (E : / PI * PI = 1) by (apply Rinv_l; lra). unfold Rdiv. split; nra.
Qed.

