(** Equilibria z = s(A z + b) of networks whose weights contract, and the linear equations behind their gradients. *)
From Coq Require Import Reals Lra Lia Psatz.
From Certigram.lemmas Require Import Vectors.
Open Scope R_scope.

(** a function of one variable with the Lipschitz constant L *)
Definition lipschitz (L : R) (s : R -> R) : Prop := forall t u, Rabs (s t - s u) <= L * Rabs (t - u).

Lemma lipschitz_norm n L s x y : 0 <= L -> lipschitz L s -> norm n (fun i => s (x i) - s (y i)) <= L * norm n (fun i => x i - y i).
Proof.
  intros HL H. eapply Rle_trans with (norm n (fun i => L * (x i - y i))).
  - apply norm_monotone. intros i _. rewrite Rabs_mult, (Rabs_pos_eq L) by easy. apply H.
  - rewrite norm_scale, (Rabs_pos_eq L) by easy. lra.
Qed.
Lemma lipschitz_frobenius m n L s (X Y : matrix) : 0 <= L -> lipschitz L s ->
  frobenius m n (fun i j => s (X i j) - s (Y i j)) <= frobenius m n (fun i j => L * (X i j - Y i j)).
Proof.
  intros HL H. apply frobenius_monotone. intros i j _ _. rewrite Rabs_mult, (Rabs_pos_eq L) by easy. apply H.
Qed.

(** T(z) = s(A z + b) contracts by a *)
Theorem implicit_contraction n s A a b y z :
  lipschitz 1 s -> spectral n n A a ->
  norm n (fun i => s (apply n A y i + b i) - s (apply n A z i + b i)) <= a * norm n (fun i => y i - z i).
Proof.
  intros Hs HA. eapply Rle_trans; [apply (lipschitz_norm n 1 s (fun i => apply n A y i + b i) (fun i => apply n A z i + b i)); [lra|easy]|].
  rewrite Rmult_1_l, (norm_ext n _ (apply n A (fun i => y i - z i))); [apply HA|].
  intros i _. rewrite apply_minus. ring.
Qed.

(** |z| <= |b| / (1 - a) *)
Theorem implicit_size n s A a b z :
  lipschitz 1 s -> s 0 = 0 -> spectral n n A a -> a < 1 -> (forall i, (i < n)%nat -> z i = s (apply n A z i + b i)) ->
  norm n z <= a * norm n z + norm n b /\ norm n z <= norm n b / (1 - a).
Proof.
  intros Hs H0 HA Ha Hz.
  assert (L : norm n z <= norm n (fun i => apply n A z i + b i)).
  { apply norm_monotone. intros i Hi. rewrite Hz by easy.
    pose proof (Hs (apply n A z i + b i) 0) as K. rewrite H0, !Rminus_0_r, Rmult_1_l in K. exact K. }
  pose proof (norm_triangle n (apply n A z) b). specialize (HA z).
  split; [lra|]. apply Rmult_le_reg_r with (1 - a); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** |z_l - z| <= a^l |z| for the iterates from zero *)
Theorem implicit_picard n s A a b z (zs : nat -> vector) :
  lipschitz 1 s -> spectral n n A a -> 0 <= a -> (forall i, z i = s (apply n A z i + b i)) ->
  (forall i, zs O i = 0) -> (forall l i, zs (S l) i = s (apply n A (zs l) i + b i)) ->
  forall l, norm n (fun i => zs l i - z i) <= a ^ l * norm n z.
Proof.
  intros Hs HA Ha Hz H0 HS. induction l as [|l IH]; simpl.
  - rewrite Rmult_1_l. right. rewrite <- (norm_opposite n z). apply norm_ext. intros i _. rewrite H0. ring.
  - rewrite (norm_ext n _ (fun i => s (apply n A (zs l) i + b i) - s (apply n A z i + b i))).
    + eapply Rle_trans; [now apply (implicit_contraction n s A a)|]. rewrite Rmult_assoc. now apply Rmult_le_compat_l.
    + intros i _. now rewrite HS, (Hz i).
Qed.

(** two inputs *)
Theorem implicit_two_inputs n s A a b c y z :
  lipschitz 1 s -> spectral n n A a -> (forall i, y i = s (apply n A y i + b i)) -> (forall i, z i = s (apply n A z i + c i)) ->
  norm n (fun i => y i - z i) <= a * norm n (fun i => y i - z i) + norm n (fun i => b i - c i).
Proof.
  intros Hs HA Hy Hz.
  assert (E : norm n (fun i => y i - z i) <= norm n (fun i => apply n A (fun j => y j - z j) i + (b i - c i))).
  { rewrite (norm_ext n (fun i => y i - z i) (fun i => s (apply n A y i + b i) - s (apply n A z i + c i))).
    - eapply Rle_trans; [apply (lipschitz_norm n 1 s (fun i => apply n A y i + b i) (fun i => apply n A z i + c i)); [lra|easy]|].
      rewrite Rmult_1_l. right. apply norm_ext. intros i _. rewrite apply_minus. ring.
    - intros i _. now rewrite <- (Hy i), <- (Hz i). }
  eapply Rle_trans; [exact E|]. eapply Rle_trans; [apply norm_triangle|]. specialize (HA (fun i => y i - z i)). lra.
Qed.

(** |D A| <= a for a diagonal matrix D between 0 and 1 *)
Theorem resolvent_norm n (D : vector) A a :
  (forall i, 0 <= D i <= 1) -> spectral n n A a -> spectral n n (fun i j => D i * A i j) a.
Proof.
  intros HD HA x. eapply Rle_trans; [|apply HA]. apply norm_monotone. intros i _. unfold apply.
  rewrite dot_scale, Rabs_mult, (Rabs_pos_eq (D i)) by apply HD.
  pose proof (Rabs_pos (dot n (A i) x)). specialize (HD i). nra.
Qed.

(** the partial sums of Neumann's series: |x + B x + ... + B^(N-1) x| <= (1 + a + ... + a^(N-1)) |x|, and the geometric sum *)
Theorem resolvent_series n N B a x (z : nat -> vector) : 0 <= a -> a <> 1 -> spectral n n B a ->
  (forall i, z O i = x i) -> (forall k i, z (S k) i = apply n B (z k) i) ->
  norm n (fun i => sum N (fun k => z k i)) <= sum N (fun k => a ^ k) * norm n x /\ sum N (fun k => a ^ k) = (1 - a ^ N) / (1 - a).
Proof.
  intros Pa Ha HB H0 HS.
  assert (P : forall k, norm n (z k) <= a ^ k * norm n x).
  { induction k as [|k IH]; simpl.
    - rewrite (norm_ext n (z O) x) by (intros; apply H0). lra.
    - rewrite (norm_ext n (z (S k)) (apply n B (z k))) by (intros; apply HS). eapply Rle_trans; [apply HB|].
      rewrite Rmult_assoc. now apply Rmult_le_compat_l. }
  split.
  - induction N as [|N IH]; simpl.
    + rewrite norm_zero by easy. lra.
    + eapply Rle_trans; [apply (norm_triangle n (fun i => sum N (fun k => z k i)) (z N))|]. specialize (P N). lra.
  - induction N; simpl; [field; lra|]. rewrite IHN. field. lra.
Qed.

(** a matrix and its transpose have the same norm *)
Lemma spectral_transpose m n A a : 0 <= a -> spectral m n A a -> spectral n m (fun i j => A j i) a.
Proof.
  intros Ha HA x. set (y := apply m (fun i j => A j i) x).
  assert (E : norm n y * norm n y = dot m x (apply n A y)).
  { rewrite norm_square. unfold dot. rewrite (sum_ext n (fun i => y i * y i) (fun i => sum m (fun j => A j i * x j * y i))).
    - rewrite sum_swap. apply sum_ext. intros j _. unfold apply, dot. rewrite <- sum_scale. apply sum_ext. intros; ring.
    - intros i _. unfold y at 1. unfold apply, dot. now rewrite sum_scale_right. }
  pose proof (cauchy m x (apply n A y)) as C. specialize (HA y). pose proof (norm_pos n y) as Py. pose proof (norm_pos m x) as Px.
  assert (B : norm n y * norm n y <= a * norm m x * norm n y).
  { rewrite E. eapply Rle_trans; [exact C|]. replace (a * norm m x * norm n y) with (norm m x * (a * norm n y)) by ring. now apply Rmult_le_compat_l. }
  destruct Py as [Py|Z]; [|rewrite <- Z; now apply Rmult_le_pos]. now apply Rmult_le_reg_r with (norm n y).
Qed.
(** (1 - a) |x| <= |(I - B) x|, so that the inverse, where there is one, has norm at most 1/(1 - a); the same for B^T *)
Theorem resolvent_bound n B a x : 0 <= a < 1 -> spectral n n B a ->
  let bound C := (1 - a) * norm n x <= norm n (fun i => x i - apply n C x i) /\
    forall y, (forall i, (i < n)%nat -> x i - apply n C x i = y i) -> norm n x <= / (1 - a) * norm n y in
  bound B /\ bound (fun i j => B j i).
Proof.
  intros [P Ha] HB bound. enough (G : forall C, spectral n n C a -> bound C) by (split; apply G; [easy|now apply spectral_transpose]).
  clear HB. intros C HB. assert (M : (1 - a) * norm n x <= norm n (fun i => x i - apply n C x i)).
  { pose proof (norm_triangle n (fun i => x i - apply n C x i) (apply n C x)) as T.
    rewrite (norm_ext n _ x) in T by (intros; lra). specialize (HB x). lra. }
  split; [exact M|]. intros y Hy. rewrite (norm_ext n _ y Hy) in M.
  apply Rmult_le_reg_l with (1 - a); [lra|]. rewrite <- Rmult_assoc, Rinv_r by lra. lra.
Qed.

(** equilibria of matrices, Z = s(W Z + U X): the product W Y, column by column *)
Definition times (n : nat) (W : matrix) (Y : matrix) : matrix := fun i j => sum n (fun k => W i k * Y k j).

Lemma times_plus n W Y Z i j : times n W (fun k l => Y k l + Z k l) i j = times n W Y i j + times n W Z i j.
Proof. unfold times. rewrite <- sum_plus. apply sum_ext. intros; ring. Qed.
Lemma times_minus n W Y Z i j : times n W (fun k l => Y k l - Z k l) i j = times n W Y i j - times n W Z i j.
Proof. unfold times. rewrite <- sum_minus. apply sum_ext. intros; ring. Qed.

(** |W Y|_F <= |W|_2 |Y|_F *)
Lemma times_frobenius m n p W Y w : 0 <= w -> spectral m n W w -> frobenius m p (times n W Y) <= w * frobenius n p Y.
Proof.
  intros Hw HW. apply Rsqr_incr_0_var; [|apply Rmult_le_pos; [easy|apply frobenius_pos]]. unfold Rsqr.
  rewrite frobenius_square. replace (w * frobenius n p Y * (w * frobenius n p Y)) with (w * w * (frobenius n p Y * frobenius n p Y)) by ring.
  rewrite frobenius_square. unfold dot. rewrite (sum_swap m p), (sum_swap n p), <- sum_scale.
  apply sum_le. intros j _. specialize (HW (fun k => Y k j)).
  assert (E : sum m (fun i => times n W Y i j * times n W Y i j) = norm m (apply n W (fun k => Y k j)) * norm m (apply n W (fun k => Y k j))).
  { rewrite norm_square. easy. }
  rewrite E. change (sum n (fun k => Y k j * Y k j)) with (dot n (fun k => Y k j) (fun k => Y k j)). rewrite <- norm_square.
  pose proof (norm_pos m (apply n W (fun k => Y k j))). pose proof (norm_pos n (fun k => Y k j)). nra.
Qed.

(** the map Z -> s(W Z + B) contracts by L |W| *)
Theorem picard_contraction n p L s W w (B Y Z : matrix) : 0 <= L -> 0 <= w -> lipschitz L s -> spectral n n W w ->
  frobenius n p (fun i j => s (times n W Y i j + B i j) - s (times n W Z i j + B i j)) <= L * w * frobenius n p (fun i j => Y i j - Z i j).
Proof.
  intros HL Hw Hs HW. eapply Rle_trans; [apply (lipschitz_frobenius n p L s (fun i j => times n W Y i j + B i j) (fun i j => times n W Z i j + B i j)); easy|].
  rewrite (frobenius_ext n p _ (times n (fun i k => L * W i k) (fun k l => Y k l - Z k l))).
  - apply times_frobenius; [nra|]. intros x. rewrite (norm_ext n _ (fun i => L * apply n W x i)).
    + rewrite norm_scale, Rabs_pos_eq by easy. specialize (HW x). rewrite Rmult_assoc. now apply Rmult_le_compat_l.
    + intros i _. unfold apply. now rewrite dot_scale.
  - intros i j _ _. unfold times. rewrite (sum_ext n (fun k => L * W i k * (Y k j - Z k j)) (fun k => L * (W i k * Y k j - W i k * Z k j))) by (intros; ring).
    rewrite sum_scale, sum_minus. ring.
Qed.

(** the distance to the fixed point shrinks by th in each step *)
Theorem picard_iterates n p L s W w (B Z : matrix) (Zs : nat -> matrix) :
  0 <= L -> 0 <= w -> lipschitz L s -> spectral n n W w -> (forall i j, Z i j = s (times n W Z i j + B i j)) ->
  (forall i j, Zs O i j = 0) -> (forall l i j, Zs (S l) i j = s (times n W (Zs l) i j + B i j)) ->
  (forall l, frobenius n p (fun i j => Z i j - Zs (S l) i j) <= L * w * frobenius n p (fun i j => Z i j - Zs l i j)) /\
  (forall l, frobenius n p (fun i j => Z i j - Zs l i j) <= (L * w) ^ l * frobenius n p Z).
Proof.
  intros HL Hw Hs HW HZ H0 HS.
  assert (St : forall l, frobenius n p (fun i j => Z i j - Zs (S l) i j) <= L * w * frobenius n p (fun i j => Z i j - Zs l i j)).
  { intros l. rewrite (frobenius_ext n p _ (fun i j => s (times n W Z i j + B i j) - s (times n W (Zs l) i j + B i j))).
    - now apply picard_contraction.
    - intros i j _ _. now rewrite HS, <- HZ. }
  split; [exact St|]. induction l as [|l IH]; simpl.
  - rewrite Rmult_1_l. right. apply frobenius_ext. intros i j _ _. rewrite H0. ring.
  - eapply Rle_trans; [apply St|]. rewrite (Rmult_assoc (L * w) ((L * w) ^ l)). apply Rmult_le_compat_l; [now apply Rmult_le_pos|easy].
Qed.

(** what the residual of an approximate equilibrium says of its distance *)
Theorem picard_residual n p L s W w (B Z Y : matrix) :
  0 <= L -> 0 <= w -> lipschitz L s -> spectral n n W w -> (forall i j, Z i j = s (times n W Z i j + B i j)) ->
  frobenius n p (fun i j => Y i j - Z i j) <=
    frobenius n p (fun i j => Y i j - s (times n W Y i j + B i j)) + L * w * frobenius n p (fun i j => Y i j - Z i j).
Proof.
  intros HL Hw Hs HW HZ.
  rewrite (frobenius_ext n p (fun i j => Y i j - Z i j)
    (fun i j => (Y i j - s (times n W Y i j + B i j)) + (s (times n W Y i j + B i j) - s (times n W Z i j + B i j)))) at 1.
  - eapply Rle_trans; [apply frobenius_triangle|]. apply Rplus_le_compat_l. now apply picard_contraction.
  - intros i j _ _. rewrite <- (HZ i j). ring.
Qed.

(** the pre-activations of two networks differ by these three products *)
Theorem perturbation_split n d (W1 W2 Z1 Z2 U1 U2 X : matrix) i j :
  (times n W1 Z1 i j + times d U1 X i j) - (times n W2 Z2 i j + times d U2 X i j) =
  times n W1 (fun k l => Z1 k l - Z2 k l) i j + times n (fun k l => W1 k l - W2 k l) Z2 i j + times d (fun k l => U1 k l - U2 k l) X i j.
Proof.
  rewrite times_minus. unfold times.
  rewrite (sum_ext n (fun k => (W1 i k - W2 i k) * Z2 k j) (fun k => W1 i k * Z2 k j - W2 i k * Z2 k j)) by (intros; ring).
  rewrite (sum_ext d (fun k => (U1 i k - U2 i k) * X k j) (fun k => U1 i k * X k j - U2 i k * X k j)) by (intros; ring).
  rewrite !sum_minus. ring.
Qed.

(** Cauchy and Schwarz in the plane: w z + u x <= sqrt(w^2 + u^2) sqrt(z^2 + x^2) *)
Theorem perturbation_plane w u z x : w * z + u * x <= sqrt (w * w + u * u) * sqrt (z * z + x * x).
Proof.
  apply Rsqr_incr_0_var; [|apply Rmult_le_pos; apply sqrt_pos]. unfold Rsqr.
  pose proof (sqrt_sqrt (w * w + u * u) ltac:(nra)). pose proof (sqrt_sqrt (z * z + x * x) ltac:(nra)).
  replace (sqrt (w * w + u * u) * sqrt (z * z + x * x) * (sqrt (w * w + u * u) * sqrt (z * z + x * x))) with ((w * w + u * u) * (z * z + x * x)).
  - assert (0 <= (w * x - u * z) * (w * x - u * z)) by apply Rle_0_sqr. nra.
  - rewrite <- H at 1. rewrite <- H0 at 1. ring.
Qed.
