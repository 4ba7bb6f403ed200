(** Vectors and matrices of any length, over the reals: sums, inner products, norms.

    A vector is a function from indices to reals, of which the first [n] values count; a matrix has two indices.
    Nothing here depends on a dimension: [n] is a variable of every statement. *)
From Coq Require Import Reals Lra Lia Psatz.
From Certigram Require Import RealSums LeastEigenvalue.
Open Scope R_scope.

Notation vector := (nat -> R).
Notation matrix := (nat -> nat -> R).

(** f 0 + ... + f (n - 1), and what the library knows of such sums *)
Notation sum := sum_below.
Notation sum_ext := sum_below_ext.
Notation sum_plus := sum_below_plus.
Notation sum_scale := sum_below_scale.
Notation sum_first := sum_below_first.
Notation sum_le := sum_below_le.
Notation sum_zero := sum_below_zero.
Notation sum_nonneg := sum_below_nonneg.
Notation sum_swap := sum_below_swap.

Definition dot (n : nat) (x y : vector) : R := sum n (fun i => x i * y i).
Definition norm (n : nat) (x : vector) : R := sqrt (dot n x x).
(** the product of a matrix and a vector of length [n] *)
Definition apply (n : nat) (A : matrix) (x : vector) : vector := fun i => dot n (A i) x.
(** [spectral m n A a]: the matrix A with m rows and n columns has spectral norm at most a *)
Definition spectral (m n : nat) (A : matrix) (a : R) : Prop := forall x, norm m (apply n A x) <= a * norm n x.
(** the quadratic form of A *)
Definition form (n : nat) (A : matrix) (v : vector) : R := sum n (fun i => sum n (fun j => A i j * v i * v j)).
(** positive semidefinite, and: the least eigenvalue is at least [l] *)
Definition semidefinite (n : nat) (A : matrix) : Prop := forall v, 0 <= form n A v.
Definition eigenvalue_at_least (n : nat) (A : matrix) (l : R) : Prop := forall v, l * dot n v v <= form n A v.
(** the first of them is the statement of every exported lower bound *)
Lemma eigenvalue_at_least_is n A l : eigenvalue_at_least n A l <-> least_eigenvalue_at_least n A l.
Proof. reflexivity. Qed.
Definition eigenvalue_at_most (n : nat) (A : matrix) (l : R) : Prop := forall v, form n A v <= l * dot n v v.
Definition symmetric (n : nat) (A : matrix) : Prop := forall i j, (i < n)%nat -> (j < n)%nat -> A i j = A j i.
(** the Frobenius norm of a matrix with m rows and n columns *)
Definition frobenius (m n : nat) (A : matrix) : R := sqrt (sum m (fun i => dot n (A i) (A i))).

Lemma over_below a b c : 0 < c -> a <= b * c -> a / c <= b.
Proof. intros Hc H. apply Rmult_le_reg_r with c; [easy|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. Qed.
Lemma below_over a b c : 0 < c -> a * c <= b -> a <= b / c.
Proof. intros Hc H. apply Rmult_le_reg_r with c; [easy|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. Qed.
Lemma below_over_inv a b c : 0 < c -> a <= b / c -> a * c <= b.
Proof. intros Hc H. apply Rmult_le_compat_r with (r := c) in H; [|lra]. unfold Rdiv in H. rewrite Rmult_assoc, Rinv_l in H; lra. Qed.

Lemma sum_minus n f g : sum n (fun i => f i - g i) = sum n f - sum n g.
Proof. induction n; simpl; [lra|]. rewrite IHn; lra. Qed.
Lemma sum_scale_right n a f : sum n (fun i => f i * a) = sum n f * a.
Proof. induction n; simpl; [lra|]. rewrite IHn; lra. Qed.
Lemma sum_constant n a : sum n (fun _ => a) = INR n * a.
Proof. induction n; [simpl; lra|]. rewrite S_INR. simpl. rewrite IHn. lra. Qed.
Lemma sum_member n f j : (j < n)%nat -> (forall i, (i < n)%nat -> 0 <= f i) -> f j <= sum n f.
Proof.
  induction n as [|n IH]; intros Hj H; [lia|]. simpl. assert (P : 0 <= sum n f) by (apply sum_nonneg; auto with arith).
  destruct (Nat.eq_dec j n) as [->|N]; [lra|]. assert (f j <= sum n f) by (apply IH; [lia|auto with arith]).
  specialize (H n (Nat.lt_succ_diag_r n)). lra.
Qed.
Lemma sum_abs n f : Rabs (sum n f) <= sum n (fun i => Rabs (f i)).
Proof. induction n; simpl; [rewrite Rabs_R0; lra|]. eapply Rle_trans; [apply Rabs_triang|]. lra. Qed.
Lemma sum_pick n j f : (j < n)%nat -> sum n (fun k => f k * (if Nat.eqb k j then 1 else 0)) = f j.
Proof.
  induction n as [|n IH]; intros H; [lia|]. simpl. destruct (Nat.eqb_spec n j) as [->|N].
  - rewrite sum_zero; [lra|]. intros k Hk. destruct (Nat.eqb_spec k j); [lia|ring].
  - rewrite IH by lia. ring.
Qed.

Lemma dot_comm n x y : dot n x y = dot n y x.
Proof. apply sum_ext. intros; ring. Qed.
Lemma dot_ext n x x' y y' : (forall i, (i < n)%nat -> x i = x' i) -> (forall i, (i < n)%nat -> y i = y' i) ->
  dot n x y = dot n x' y'.
Proof. intros H K. apply sum_ext. intros i Hi. rewrite H, K by easy. easy. Qed.
Lemma dot_plus n x y z : dot n (fun i => x i + y i) z = dot n x z + dot n y z.
Proof. unfold dot. rewrite <- sum_plus. apply sum_ext. intros; ring. Qed.
Lemma dot_minus n x y z : dot n (fun i => x i - y i) z = dot n x z - dot n y z.
Proof. unfold dot. rewrite <- sum_minus. apply sum_ext. intros; ring. Qed.
Lemma dot_scale n a x z : dot n (fun i => a * x i) z = a * dot n x z.
Proof. unfold dot. rewrite <- sum_scale. apply sum_ext. intros; ring. Qed.
Lemma dot_self n x : 0 <= dot n x x.
Proof. apply sum_nonneg. intros; apply Rle_0_sqr. Qed.

Lemma norm_pos n x : 0 <= norm n x.
Proof. apply sqrt_pos. Qed.
Lemma norm_square n x : norm n x * norm n x = dot n x x.
Proof. apply sqrt_sqrt, dot_self. Qed.
Lemma norm_ext n x y : (forall i, (i < n)%nat -> x i = y i) -> norm n x = norm n y.
Proof. intros H. unfold norm. f_equal. now apply dot_ext. Qed.
Lemma norm_zero n x : (forall i, (i < n)%nat -> x i = 0) -> norm n x = 0.
Proof. intros H. unfold norm, dot. rewrite sum_zero; [apply sqrt_0|]. intros i Hi. rewrite H by easy. ring. Qed.
Lemma norm_monotone n x y : (forall i, (i < n)%nat -> Rabs (x i) <= Rabs (y i)) -> norm n x <= norm n y.
Proof. intros H. apply sqrt_le_1_alt, sum_le. intros i Hi. apply Rsqr_le_abs_1, H, Hi. Qed.
Lemma norm_scale n a x : norm n (fun i => a * x i) = Rabs a * norm n x.
Proof.
  unfold norm. rewrite dot_scale, dot_comm, dot_scale, <- Rmult_assoc.
  rewrite sqrt_mult_alt by apply Rle_0_sqr. f_equal. apply sqrt_Rsqr_abs.
Qed.
Lemma norm_opposite n x : norm n (fun i => - x i) = norm n x.
Proof. rewrite (norm_ext n _ (fun i => (-1) * x i)) by (intros; ring). rewrite norm_scale, Rabs_left; lra. Qed.
Lemma norm_at_most n x a : 0 <= a -> dot n x x <= a * a -> norm n x <= a.
Proof. intros Ha H. apply Rsqr_incr_0_var; [|easy]. unfold Rsqr. now rewrite norm_square. Qed.

(** Cauchy and Schwarz. *)
Lemma cauchy_squares n x y : dot n x y * dot n x y <= dot n x x * dot n y y.
Proof.
  assert (P : forall a b, 0 <= a * a * dot n x x + 2 * (a * b) * dot n x y + b * b * dot n y y).
  { intros a b. pose proof (dot_self n (fun i => a * x i + b * y i)) as Q.
    rewrite dot_plus, !dot_scale, (dot_comm n x), (dot_comm n y), !dot_plus, !dot_scale, (dot_comm n y x) in Q. lra. }
  pose proof (dot_self n x). pose proof (dot_self n y).
  destruct (Req_dec (dot n y y) 0) as [Z|NZ].
  - destruct (Req_dec (dot n x y) 0) as [E|NE]; [rewrite E, Z; lra|].
    pose proof (P 1 (- (dot n x x + 1) / dot n x y)) as Q. rewrite Z in Q.
    replace (1 * (- (dot n x x + 1) / dot n x y) * dot n x y) with (- (dot n x x + 1)) in Q by (field; easy).
    replace (2 * (1 * (- (dot n x x + 1) / dot n x y)) * dot n x y) with (- 2 * (dot n x x + 1)) in Q by (field; easy).
    lra.
  - pose proof (P (dot n y y) (- dot n x y)) as Q. assert (0 < dot n y y) by lra.
    apply Rmult_le_reg_l with (dot n y y); [easy|]. lra.
Qed.
Lemma cauchy n x y : dot n x y <= norm n x * norm n y.
Proof.
  apply Rsqr_incr_0_var; [|apply Rmult_le_pos; apply norm_pos].
  unfold Rsqr. pose proof (cauchy_squares n x y). pose proof (norm_square n x). pose proof (norm_square n y). nra.
Qed.
Lemma cauchy_abs n x y : Rabs (dot n x y) <= norm n x * norm n y.
Proof.
  apply Rabs_le. pose proof (cauchy n x y). pose proof (cauchy n (fun i => - x i) y) as M.
  rewrite norm_opposite in M. rewrite (dot_ext n (fun i => - x i) (fun i => (-1) * x i) y y) in M by (intros; ring || easy).
  rewrite dot_scale in M. lra.
Qed.
Lemma norm_triangle n x y : norm n (fun i => x i + y i) <= norm n x + norm n y.
Proof.
  apply Rsqr_incr_0_var; [|pose proof (norm_pos n x); pose proof (norm_pos n y); lra].
  unfold Rsqr. rewrite norm_square, dot_plus, (dot_comm n x), (dot_comm n y), !dot_plus, (dot_comm n y x).
  pose proof (cauchy n x y). pose proof (norm_square n x). pose proof (norm_square n y). nra.
Qed.
Lemma norm_difference n x y : norm n (fun i => x i - y i) <= norm n x + norm n y.
Proof.
  rewrite (norm_ext n _ (fun i => x i + - y i)) by (intros; ring). eapply Rle_trans; [apply norm_triangle|].
  rewrite norm_opposite. lra.
Qed.
Lemma norm_between n x y z : norm n (fun i => x i - z i) <= norm n (fun i => x i - y i) + norm n (fun i => y i - z i).
Proof. rewrite (norm_ext n _ (fun i => (x i - y i) + (y i - z i))) by (intros; ring). apply norm_triangle. Qed.

Lemma apply_plus n A x y i : apply n A (fun j => x j + y j) i = apply n A x i + apply n A y i.
Proof. unfold apply. rewrite dot_comm, dot_plus, !(dot_comm n (A i)). easy. Qed.
Lemma apply_minus n A x y i : apply n A (fun j => x j - y j) i = apply n A x i - apply n A y i.
Proof. unfold apply. rewrite dot_comm, dot_minus, !(dot_comm n (A i)). easy. Qed.
Lemma apply_ext n A x y i : (forall j, (j < n)%nat -> x j = y j) -> apply n A x i = apply n A y i.
Proof. intros H. apply dot_ext; easy. Qed.

Lemma frobenius_square m n A : frobenius m n A * frobenius m n A = sum m (fun i => dot n (A i) (A i)).
Proof. apply sqrt_sqrt, sum_nonneg. intros; apply dot_self. Qed.
Lemma frobenius_pos m n A : 0 <= frobenius m n A.
Proof. apply sqrt_pos. Qed.
(** the matrix read row by row is a vector: what holds of norms of vectors holds of Frobenius norms *)
Lemma frobenius_triangle m n A B : frobenius m n (fun i j => A i j + B i j) <= frobenius m n A + frobenius m n B.
Proof.
  unfold frobenius.
  set (a := fun i => norm n (A i)). set (b := fun i => norm n (B i)).
  assert (EA : sum m (fun i => dot n (A i) (A i)) = dot m a a) by (apply sum_ext; intros; symmetry; apply norm_square).
  assert (EB : sum m (fun i => dot n (B i) (B i)) = dot m b b) by (apply sum_ext; intros; symmetry; apply norm_square).
  rewrite EA, EB. fold (norm m a) (norm m b). eapply Rle_trans; [|apply norm_triangle].
  apply sqrt_le_1_alt, sum_le. intros i _. rewrite <- norm_square.
  pose proof (norm_triangle n (A i) (B i)). pose proof (norm_pos n (fun j => A i j + B i j)).
  unfold a, b. apply Rmult_le_compat; easy.
Qed.
Lemma frobenius_scale m n a A : 0 <= a -> frobenius m n (fun i j => a * A i j) = a * frobenius m n A.
Proof.
  intros Ha. unfold frobenius. rewrite (sum_ext m _ (fun i => (a * a) * dot n (A i) (A i))).
  - rewrite sum_scale, sqrt_mult_alt by nra. now rewrite sqrt_square.
  - intros i _. rewrite dot_scale, dot_comm, dot_scale. ring.
Qed.
Lemma frobenius_ext m n A B : (forall i j, (i < m)%nat -> (j < n)%nat -> A i j = B i j) -> frobenius m n A = frobenius m n B.
Proof. intros H. unfold frobenius. f_equal. apply sum_ext. intros i Hi. apply dot_ext; intros; apply H; easy. Qed.
Lemma frobenius_monotone m n A B :
  (forall i j, (i < m)%nat -> (j < n)%nat -> Rabs (A i j) <= Rabs (B i j)) -> frobenius m n A <= frobenius m n B.
Proof.
  intros H. apply sqrt_le_1_alt, sum_le. intros i Hi. apply sum_le. intros j Hj. apply Rsqr_le_abs_1, H; easy.
Qed.
