(** Kronecker products, orders of matrices, singular values, spectra of small patterns. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certigram.lemmas Require Import Vectors Equilibrium Matrices.
Open Scope R_scope.

(** tensor powers: <x (x) y, x' (x) y'> = <x, x'> <y, y'> *)
Theorem kronecker_inner_product m n (x x' y y' : vector) :
  sum m (fun k => sum n (fun l => (x k * y l) * (x' k * y' l))) = dot m x x' * dot n y y'.
Proof.
  unfold dot. rewrite <- sum_scale_right. apply sum_ext. intros k _. rewrite <- sum_scale. apply sum_ext. intros; ring.
Qed.

(** the inner product of the r-th tensor powers, entry by entry of the multi-index, is the r-th power *)
Fixpoint tensor_power_dot (d r : nat) (x y : vector) (f g : R) : R :=
  match r with O => f * g | S s => sum d (fun k => tensor_power_dot d s x y (f * x k) (g * y k)) end.
Theorem khatri_rao_power d r x y : tensor_power_dot d r x y 1 1 = dot d x y ^ r.
Proof.
  assert (G : forall f g, tensor_power_dot d r x y f g = f * g * dot d x y ^ r).
  { induction r as [|r IH]; intros f g; simpl; [ring|].
    rewrite (sum_ext d _ (fun k => f * g * dot d x y ^ r * (x k * y k))) by (intros; rewrite IH; ring).
    rewrite sum_scale. change (sum d (fun i => x i * y i)) with (dot d x y). ring. }
  rewrite G. ring.
Qed.
Theorem khatri_rao_order m n V r : semidefinite n (schur_power (gram m V) r).
Proof.
  apply schur_power_semidefinite; [|apply gram_semidefinite].
  intros i j _ _. unfold gram. apply sum_ext. intros; ring.
Qed.

(** K (x) I has the eigenvalues of K: l sum |p_i|^2 <= sum K_ij p_i . p_j <= u sum |p_i|^2 *)
Theorem kronecker_spectrum n d K l u (p : nat -> vector) : eigenvalue_at_least n K l -> eigenvalue_at_most n K u ->
  l * sum n (fun i => dot d (p i) (p i)) <= sum n (fun i => sum n (fun j => K i j * dot d (p i) (p j))) <=
  u * sum n (fun i => dot d (p i) (p i)).
Proof.
  intros Hl Hu.
  assert (E : sum n (fun i => sum n (fun j => K i j * dot d (p i) (p j))) = sum d (fun k => form n K (fun i => p i k))).
  { unfold form. symmetry. rewrite (sum_swap d n). apply sum_ext. intros i _. rewrite (sum_swap d n). apply sum_ext. intros j _.
    unfold dot. rewrite <- sum_scale. apply sum_ext. intros; ring. }
  assert (N : sum n (fun i => dot d (p i) (p i)) = sum d (fun k => dot n (fun i => p i k) (fun i => p i k))).
  { unfold dot. now rewrite (sum_swap n d). }
  rewrite E, N, <- !sum_scale. split; apply sum_le; intros k _; [apply Hl|apply Hu].
Qed.

(** lambda_max(K) <= tr K <= N k0^2 for a positive semidefinite K with a diagonal of at most k0^2 *)
Theorem trace_bound n K k0 : symmetric n K -> semidefinite n K -> (forall i, (i < n)%nat -> K i i <= k0 * k0) ->
  eigenvalue_at_most n K (sum n (fun i => K i i)) /\ sum n (fun i => K i i) <= INR n * (k0 * k0).
Proof.
  intros HS HK HD. split; [|rewrite <- sum_constant; now apply sum_le]. intros v. destruct (cholesky n K HS HK) as [V HV].
  rewrite (form_ext n K (gram n V)) by (intros; now apply HV). rewrite form_gram.
  rewrite (sum_ext n (fun i => K i i) (fun i => sum n (fun k => V k i * V k i))) by (intros; now rewrite HV).
  rewrite sum_swap, <- sum_scale_right. apply sum_le. intros k _.
  change (sum n (fun i => V k i * V k i)) with (dot n (V k) (V k)). apply cauchy_squares.
Qed.

(** Weyl: Z + P stretches the vectors of every set, a subspace for the singular value of its dimension, by at least s - p and at most
    s + p where Z does by at least and at most s and |P| <= p; so (Z + P)^T (Z + P) >= (s - p)^2 if Z^T Z >= s^2 *)
Theorem singular_value_weyl m n (Z P : matrix) p : spectral m n P p ->
  (forall (S : vector -> Prop) s, (forall x, S x -> s * norm n x <= norm m (apply n Z x)) ->
    forall x, S x -> (s - p) * norm n x <= norm m (apply n (fun i j => Z i j + P i j) x)) /\
  (forall (S : vector -> Prop) s, (forall x, S x -> norm m (apply n Z x) <= s * norm n x) ->
    forall x, S x -> norm m (apply n (fun i j => Z i j + P i j) x) <= (s + p) * norm n x) /\
  (forall s, 0 <= s -> p <= s -> eigenvalue_at_least n (gram m Z) (s * s) ->
    eigenvalue_at_least n (gram m (fun i j => Z i j + P i j)) ((s - p) * (s - p))).
Proof.
  intros HP.
  assert (T : forall x, norm m (apply n Z x) - p * norm n x <= norm m (apply n (fun i j => Z i j + P i j) x) <= norm m (apply n Z x) + p * norm n x).
  { intros x. specialize (HP x). split.
    - pose proof (norm_difference m (apply n (fun i j => Z i j + P i j) x) (apply n P x)) as T.
      rewrite (norm_ext m _ (apply n Z x)) in T; [lra|].
      intros i _. unfold apply, dot. rewrite <- sum_minus. apply sum_ext. intros; ring.
    - rewrite (norm_ext m _ (fun i => apply n Z x i + apply n P x i)).
      + pose proof (norm_triangle m (apply n Z x) (apply n P x)). lra.
      + intros i _. unfold apply, dot. rewrite <- sum_plus. apply sum_ext. intros; ring. }
  assert (F : forall (M : matrix) x, form n (gram m M) x = norm m (apply n M x) * norm m (apply n M x)).
  { intros M x. rewrite form_gram, norm_square. easy. }
  split; [|split].
  - intros S s HZ x Hx. specialize (HZ x Hx). specialize (T x). lra.
  - intros S s HZ x Hx. specialize (HZ x Hx). specialize (T x). lra.
  - intros s Hs Hp HZ x. specialize (HZ x). rewrite F in HZ |- *. rewrite <- norm_square in HZ |- *.
    pose proof (norm_pos n x) as Px. destruct (T x) as [L _].
    assert (B : s * norm n x <= norm m (apply n Z x)) by (apply Rsqr_incr_0_var; [unfold Rsqr; lra|apply norm_pos]).
    replace ((s - p) * (s - p) * (norm n x * norm n x)) with ((s - p) * norm n x * ((s - p) * norm n x)) by ring.
    assert (0 <= (s - p) * norm n x) by (apply Rmult_le_pos; lra). apply Rmult_le_compat; lra.
Qed.

(** the features of ReLU, max(0, W X^T) / sqrt m, move by no more than W X^T / sqrt m does *)
Theorem feature_entries m n d (W W' X : matrix) : (0 < m)%nat -> let c := / sqrt (INR m) in
  let product (V : matrix) := fun i j => sum d (fun k => V i k * X j k) in
  lipschitz 1 (Rmax 0) /\
  frobenius m n (fun i j => c * Rmax 0 (product W i j) - c * Rmax 0 (product W' i j)) <= c * frobenius m n (product (fun i k => W i k - W' i k)).
Proof.
  intros Hm c product.
  assert (H : lipschitz 1 (Rmax 0)) by (intros t u; unfold Rmax; destruct (Rle_dec 0 t), (Rle_dec 0 u); unfold Rabs; repeat destruct Rcase_abs; lra).
  assert (C : 0 <= c) by (left; apply Rinv_0_lt_compat, sqrt_lt_R0, lt_0_INR, Hm). split; [exact H|].
  rewrite (frobenius_ext m n _ (fun i j => c * (Rmax 0 (product W i j) - Rmax 0 (product W' i j)))) by (intros; ring).
  rewrite frobenius_scale by easy. apply Rmult_le_compat_l; [easy|]. apply frobenius_monotone. intros i j _ _.
  eapply Rle_trans; [apply H|]. rewrite Rmult_1_l. right. f_equal. unfold product. rewrite <- sum_minus. apply sum_ext. intros; ring.
Qed.

(** |M X^T|_F <= |M|_F |X|_2, for the matrix X given by its product with vectors *)
Theorem frobenius_spectral m n p (M X : matrix) x : 0 <= x -> spectral p n X x ->
  frobenius m p (fun i j => sum n (fun k => M i k * X j k)) <= x * frobenius m n M.
Proof.
  intros Hx HX. apply Rsqr_incr_0_var; [|apply Rmult_le_pos; [easy|apply frobenius_pos]]. unfold Rsqr.
  rewrite frobenius_square. replace (x * frobenius m n M * (x * frobenius m n M)) with (x * x * (frobenius m n M * frobenius m n M)) by ring.
  rewrite frobenius_square, <- sum_scale. apply sum_le. intros i _. specialize (HX (M i)).
  rewrite (dot_ext p _ (apply n X (M i)) _ (apply n X (M i))) by (intros; unfold apply, dot; apply sum_ext; intros; ring).
  rewrite <- !norm_square. pose proof (norm_pos p (apply n X (M i))). pose proof (norm_pos n (M i)). nra.
Qed.

(** (1 - w) K <= G <= (1 + w) K when |u . (G - K) u| <= w u . K u for all u, which is what |K^(-1/2) (G - K) K^(-1/2)| <= w says *)
Definition relative_event n (K G : matrix) w : Prop := forall v, Rabs (form n (fun i j => G i j - K i j) v) <= w * form n K v.
Theorem relative_order n K G w : relative_event n K G w ->
  forall v, (1 - w) * form n K v <= form n G v <= (1 + w) * form n K v.
Proof.
  intros H v. specialize (H v). rewrite form_minus in H.
  pose proof (Rle_abs (form n G v - form n K v)) as A. pose proof (Rle_abs (- (form n G v - form n K v))) as B. rewrite Rabs_Ropp in B. lra.
Qed.
Theorem relative_eigenvalue n K G w l : w <= 1 -> relative_event n K G w -> eigenvalue_at_least n K l ->
  eigenvalue_at_least n G ((1 - w) * l).
Proof.
  intros Hw H HK v. pose proof (relative_order n K G w H v). specialize (HK v).
  assert ((1 - w) * (l * dot n v v) <= (1 - w) * form n K v) by (apply Rmult_le_compat_l; lra). lra.
Qed.
(** |G - K| <= w lambda implies the event *)
Theorem relative_weyl n K G w l : 0 <= w -> eigenvalue_at_least n K l ->
  (forall v, Rabs (form n (fun i j => G i j - K i j) v) <= w * l * dot n v v) -> relative_event n K G w.
Proof.
  intros Hw HK H v. eapply Rle_trans; [apply H|]. specialize (HK v).
  rewrite Rmult_assoc. now apply Rmult_le_compat_l.
Qed.

(** least eigenvalues are superadditive; a semidefinite rest may be dropped *)
Lemma eigenvalue_sum n A B a b : eigenvalue_at_least n A a -> eigenvalue_at_least n B b ->
  eigenvalue_at_least n (fun i j => A i j + B i j) (a + b).
Proof. intros HA HB v. rewrite form_plus. specialize (HA v). specialize (HB v). lra. Qed.
Lemma sum_limit n (f : nat -> nat -> R) (g : nat -> R) : (forall i, is_lim_seq (fun N => f N i) (g i)) -> is_lim_seq (fun N => sum n (f N)) (sum n g).
Proof. intros H. induction n; simpl; [apply is_lim_seq_const|]. apply (is_lim_seq_plus' _ _ (sum n g) (g n)); [exact IHn|apply H]. Qed.
(** K = sum_s k_s C^(o s), entry by entry, with k_s >= 0 and C positive semidefinite: every single order bounds the least eigenvalue *)
Theorem single_order n (K C : matrix) (k : nat -> R) r l : symmetric n C -> semidefinite n C -> (forall s, 0 <= k s) ->
  (forall i j, is_lim_seq (fun N => sum N (fun s => k s * C i j ^ s)) (K i j)) -> eigenvalue_at_least n (schur_power C r) l ->
  (forall s, semidefinite n (fun i j => k s * C i j ^ s)) /\ eigenvalue_at_least n K (k r * l).
Proof.
  intros SC HC Hk HK Hl.
  assert (T : forall s, semidefinite n (fun i j => k s * C i j ^ s)).
  { intros s v. rewrite form_scale. apply Rmult_le_pos; [apply Hk|]. apply (schur_power_semidefinite n C s SC HC). }
  split; [exact T|]. intros v. set (part := fun N => form n (fun i j => sum N (fun s => k s * C i j ^ s)) v).
  assert (L : is_lim_seq part (form n K v)).
  { unfold part, form.
    apply (sum_limit n (fun N i => sum n (fun j => sum N (fun s => k s * C i j ^ s) * v i * v j)) (fun i => sum n (fun j => K i j * v i * v j))).
    intros i. apply (sum_limit n (fun N j => sum N (fun s => k s * C i j ^ s) * v i * v j) (fun j => K i j * v i * v j)). intros j.
    apply (is_lim_seq_ext (fun N => (v i * v j) * sum N (fun s => k s * C i j ^ s))); [intros; ring|].
    replace (K i j * v i * v j) with ((v i * v j) * K i j) by ring. apply (is_lim_seq_scal_l _ (v i * v j) (K i j)), HK. }
  assert (G : forall N, 0 <= part N).
  { induction N as [|N IH]; unfold part in *; simpl.
    - unfold form. rewrite sum_zero; [lra|]. intros. apply sum_zero. intros; ring.
    - rewrite form_plus. specialize (T N v). lra. }
  assert (B : forall N, k r * l * dot n v v <= part (N + S r)%nat).
  { induction N as [|N IH].
    - specialize (G r). specialize (Hl v). assert (k r * (l * dot n v v) <= k r * form n (schur_power C r) v) by now apply Rmult_le_compat_l.
      unfold part in *. simpl. rewrite form_plus, form_scale. unfold schur_power in *. lra.
    - specialize (T (N + S r)%nat v). unfold part in *. simpl. rewrite form_plus. lra. }
  apply (is_lim_seq_incr_n _ (S r)) in L.
  exact (is_lim_seq_le _ _ (k r * l * dot n v v) (form n K v) B (is_lim_seq_const _) L).
Qed.
(** the derivative of an inner product *)
Lemma dot_derivative n (z w : R -> vector) (dz dw : vector) t :
  (forall i, is_derive (fun s => z s i) t (dz i)) -> (forall i, is_derive (fun s => w s i) t (dw i)) ->
  is_derive (fun s => dot n (z s) (w s)) t (dot n dz (w t) + dot n (z t) dw).
Proof.
  intros Hz Hw. unfold dot. induction n as [|n IH]; simpl.
  - rewrite Rplus_0_r. apply (is_derive_const 0).
  - replace (_ + _) with (plus (sum n (fun i => dz i * w t i) + sum n (fun i => z t i * dw i)) (dz n * w t n + z t n * dw n)) by (unfold plus; simpl; ring).
    apply (is_derive_plus (fun s => sum n (fun i => z s i * w s i)) (fun s => z s n * w s n)); [exact IH|].
    apply (is_derive_mult (fun s => z s n) (fun s => w s n) t (dz n) (dw n)); [apply Hz|apply Hw|intros; apply Rmult_comm].
Qed.

(** H - G = (Z^T Z + X^T X) o (D^T D) is positive semidefinite *)
Theorem tangent_above_gram m d q n Z X D :
  semidefinite n (fun i j => (gram m Z i j + gram d X i j) * gram q D i j).
Proof.
  apply schur_product.
  - intros i j _ _. unfold gram. apply sum_ext. intros; ring.
  - intros v. rewrite form_plus. pose proof (gram_semidefinite m n Z v). pose proof (gram_semidefinite d n X v). lra.
  - apply gram_semidefinite.
Qed.
(** the four parts of the tangent kernel of an implicit ReLU network are positive semidefinite *)
Theorem relu_tangent_order m d q n g c F Z X Q P : 0 <= c ->
  forall v, form n (gram m F) v <=
  form n (fun i j => gram m F i j + gram m Z i j + g * g * (gram q Q i j * gram m Z i j) + c * (gram q P i j * gram d X i j)) v.
Proof.
  intros Hc v. rewrite !form_plus, !form_scale.
  pose proof (gram_semidefinite m n Z v).
  assert (A : 0 <= form n (fun i j => gram q Q i j * gram m Z i j) v).
  { apply schur_product; [|apply gram_semidefinite|apply gram_semidefinite]. intros i j _ _. unfold gram. apply sum_ext. intros; ring. }
  assert (B : 0 <= form n (fun i j => gram q P i j * gram d X i j) v).
  { apply schur_product; [|apply gram_semidefinite|apply gram_semidefinite]. intros i j _ _. unfold gram. apply sum_ext. intros; ring. }
  assert (0 <= g * g) by apply Rle_0_sqr. nra.
Qed.
(** x . K x = E (x . f)^2 >= 0 for a mean of finitely many outer products with weights w_k >= 0 *)
Theorem mean_of_squares m n (w : vector) (F : matrix) v : (forall k, 0 <= w k) ->
  form n (fun i j => sum m (fun k => w k * (F k i * F k j))) v = sum m (fun k => w k * (dot n (F k) v * dot n (F k) v)) /\
  0 <= form n (fun i j => sum m (fun k => w k * (F k i * F k j))) v.
Proof.
  intros Hw. assert (E : form n (fun i j => sum m (fun k => w k * (F k i * F k j))) v = sum m (fun k => w k * (dot n (F k) v * dot n (F k) v))).
  { unfold form. rewrite (sum_ext n _ (fun i => sum m (fun k => sum n (fun j => w k * (F k i * F k j) * v i * v j)))).
    - rewrite sum_swap. apply sum_ext. intros k _. rewrite <- (form_outer n (F k) v). unfold form. rewrite <- sum_scale.
      apply sum_ext. intros i _. rewrite <- sum_scale. apply sum_ext. intros; ring.
    - intros i _. rewrite sum_swap. apply sum_ext. intros j _. rewrite <- !sum_scale_right. easy. }
  split; [exact E|]. rewrite E. apply sum_nonneg. intros k _. apply Rmult_le_pos; [easy|apply Rle_0_sqr].
Qed.

(** ** Equilibria of two networks *)
(** t = |Z1 - Z2|_F obeys t <= th t + L b with b = |W1 - W2|_F |Z2|_2 + |U1 - U2|_F |X|_2, so t <= L b / (1 - th) *)
Theorem perturbation_solved n d p L s (W1 W2 Z1 Z2 U1 U2 X : matrix) w z x : 0 <= L -> 0 <= w -> 0 <= z -> 0 <= x -> L * w < 1 -> lipschitz L s ->
  spectral n n W1 w -> spectral p n (fun i j => Z2 j i) z -> spectral p d (fun i j => X j i) x ->
  (forall i j, Z1 i j = s (times n W1 Z1 i j + times d U1 X i j)) -> (forall i j, Z2 i j = s (times n W2 Z2 i j + times d U2 X i j)) ->
  let t := frobenius n p (fun i j => Z1 i j - Z2 i j) in
  let b := frobenius n n (fun i j => W1 i j - W2 i j) * z + frobenius n d (fun i j => U1 i j - U2 i j) * x in
  t <= L * w * t + L * b /\ t <= L * b / (1 - L * w).
Proof.
  intros HL Hw Hz Hx H1 Hs HW HZ HX E1 E2 t b.
  assert (A : t <= L * w * t + L * b).
  { unfold t at 1. rewrite (frobenius_ext n p _ (fun i j => s (times n W1 Z1 i j + times d U1 X i j) - s (times n W2 Z2 i j + times d U2 X i j))) by (intros; now rewrite <- E1, <- E2).
    eapply Rle_trans; [apply (lipschitz_frobenius n p L s (fun i j => times n W1 Z1 i j + times d U1 X i j) (fun i j => times n W2 Z2 i j + times d U2 X i j)); easy|].
    rewrite (frobenius_ext n p _ (fun i j => L * times n W1 (fun k l => Z1 k l - Z2 k l) i j +
      (L * times n (fun k l => W1 k l - W2 k l) Z2 i j + L * times d (fun k l => U1 k l - U2 k l) X i j))).
    2:{ intros i j _ _. rewrite (perturbation_split n d W1 W2 Z1 Z2 U1 U2 X i j). ring. }
    assert (S : forall M : matrix, frobenius n p (fun i j => L * M i j) = L * frobenius n p M).
    { intros M. unfold frobenius. rewrite (sum_ext n _ (fun i => (L * L) * dot p (M i) (M i))).
      - rewrite sum_scale, sqrt_mult_alt by nra. now rewrite sqrt_square.
      - intros i _. rewrite dot_scale, dot_comm, dot_scale. ring. }
    eapply Rle_trans; [apply frobenius_triangle|]. eapply Rle_trans; [apply Rplus_le_compat_l, frobenius_triangle|]. rewrite !S.
    assert (B1 : frobenius n p (times n W1 (fun k l => Z1 k l - Z2 k l)) <= w * t) by (apply times_frobenius; easy).
    assert (B2 : frobenius n p (times n (fun k l => W1 k l - W2 k l) Z2) <= z * frobenius n n (fun i j => W1 i j - W2 i j)).
    { apply (frobenius_spectral n n p (fun i j => W1 i j - W2 i j) (fun i j => Z2 j i)); easy. }
    assert (B3 : frobenius n p (times d (fun k l => U1 k l - U2 k l) X) <= x * frobenius n d (fun i j => U1 i j - U2 i j)).
    { apply (frobenius_spectral n d p (fun i j => U1 i j - U2 i j) (fun i j => X j i)); easy. }
    unfold b. apply Rmult_le_compat_l with (r := L) in B1; [|easy]. apply Rmult_le_compat_l with (r := L) in B2; [|easy]. apply Rmult_le_compat_l with (r := L) in B3; [|easy]. lra. }
  split; [exact A|]. apply below_over; lra.
Qed.
