(** Data points as rows of integers, and their inner products and cosines.

    Points that are binary fractions are integers up to one power of two.  Cosines do not see it; kernels that do take a
    scale. *)
From Coq Require Import Reals Lra Lia List ZArith Bool.
From Coq Require Uint63 Sint63.
From Certigram Require Import GramForms IntegerVectors.
Import ListNotations.
Open Scope R_scope.

(** Rows of signed 63-bit words as rows of integers: the way in which data are written. *)
Definition integers (X : list (list PrimInt63.int)) : list (list Z) := map (map Sint63.to_Z) X.

(** The inner product of points i and j. *)
Definition inner (X : list (list Z)) (i j : nat) : Z := integer_dot (nth i X []) (nth j X []).

Lemma inner_sym X i j : inner X i j = inner X j i.
Proof. apply integer_dot_comm. Qed.

(** The cosine of points i and j. *)
Definition cosine (X : list (list Z)) (i j : nat) : R :=
  IZR (inner X i j) / (sqrt (IZR (inner X i i)) * sqrt (IZR (inner X j j))).

(** No point is zero. *)
Definition all_nonzero (X : list (list Z)) : bool := forallb (fun x => 0 <? integer_dot x x)%Z X.

Lemma all_nonzero_ok X : all_nonzero X = true -> forall i, (i < length X)%nat -> (0 < inner X i i)%Z.
Proof.
  unfold all_nonzero, inner. rewrite forallb_forall. intros H i Hi. apply Z.ltb_lt. apply (H (nth i X [])).
  apply nth_In. easy.
Qed.

Lemma cosine_sym X i j : cosine X i j = cosine X j i.
Proof. unfold cosine. rewrite inner_sym. f_equal. apply Rmult_comm. Qed.

Lemma cauchy_schwarz x y : 0 < real_dot y y -> real_dot x y * real_dot x y <= real_dot x x * real_dot y y.
Proof.
  intros H. pose proof (real_dot_nonneg (add_rows (map (Rmult (real_dot y y)) x) (map (Rmult (- real_dot x y)) y))) as P.
  rewrite real_dot_add, !(real_dot_comm _ (add_rows _ _)), !real_dot_add in P. rewrite !real_dot_scale, !(real_dot_comm _ (map _ _)), !real_dot_scale, (real_dot_comm y x) in P.
  nra.
Qed.
Lemma cos_le X i j : (0 < inner X i i)%Z -> (0 < inner X j j)%Z -> -1 <= cosine X i j <= 1.
Proof.
  unfold cosine, inner. intros Pi Pj. apply IZR_lt in Pi, Pj. rewrite !integer_dot_real in *.
  set (x := map IZR (nth i X [])) in *. set (y := map IZR (nth j X [])) in *.
  pose proof (cauchy_schwarz x y Pj) as C. rewrite <- sqrt_mult by lra.
  set (s := sqrt (real_dot x x * real_dot y y)). assert (0 < s) by (apply sqrt_lt_R0; nra).
  assert (E : s * s = real_dot x x * real_dot y y) by (apply sqrt_sqrt; nra). assert (0 < / s) by (apply Rinv_0_lt_compat; easy).
  assert (S : s * / s = 1) by (apply Rinv_r; lra). assert (B : - s <= real_dot x y <= s) by nra. unfold Rdiv. split; nra.
Qed.

(** * Cosines that are exactly 1, and sines *)
Section Cos.
Variables (a b g : Z) (Ha : (0 < a)%Z) (Hb : (0 < b)%Z).
Let q := (a * b)%Z.
Let p := (a * b - g * g)%Z.
Let rho := IZR g / (sqrt (IZR a) * sqrt (IZR b)).

Lemma root_product : sqrt (IZR a) * sqrt (IZR b) = sqrt (IZR q).
Proof. apply IZR_lt in Ha, Hb. unfold q. rewrite mult_IZR, sqrt_mult; lra. Qed.
Lemma root_pos : 0 < sqrt (IZR q).
Proof. apply sqrt_lt_R0, IZR_lt. unfold q. nia. Qed.

Lemma cos_one : p = 0%Z -> (0 < g)%Z -> rho = 1.
Proof.
  intros Hp Hg. unfold rho. rewrite root_product. unfold q. replace (a * b)%Z with (g * g)%Z by (unfold p in Hp; lia).
  apply IZR_lt in Hg. rewrite mult_IZR, sqrt_square by lra. field. lra.
Qed.

Lemma cos_sine : (0 < p)%Z -> sqrt (1 - rho ^ 2) = sqrt (IZR p) / sqrt (IZR q) /\ 0 < sqrt (IZR p) /\ -1 < rho < 1.
Proof.
  intros Hp. unfold rho. rewrite root_product. pose proof root_pos as Pq.
  assert (Hp' := IZR_lt _ _ Hp). assert (Hq : 0 < IZR q) by (apply IZR_lt; unfold q; nia).
  assert (Pp : 0 < sqrt (IZR p)) by (apply sqrt_lt_R0; easy).
  set (sq := sqrt (IZR q)) in *. set (sp := sqrt (IZR p)) in *.
  assert (Eq : sq * sq = IZR q) by (apply sqrt_sqrt; lra).
  assert (Ep : sp * sp = IZR q - IZR g * IZR g).
  { unfold sp. rewrite sqrt_sqrt by lra. unfold p. fold q. rewrite minus_IZR, mult_IZR. easy. }
  set (r := IZR g / sq).
  assert (E1 : 1 - r ^ 2 = (sp / sq) ^ 2) by (unfold r; field_simplify_eq; nra).
  assert (Q0 : 0 < sp / sq) by (apply Rdiv_lt_0_compat; easy).
  rewrite E1, sqrt_pow2 by lra. split; [easy|]. split; [easy|]. nra.
Qed.

End Cos.
