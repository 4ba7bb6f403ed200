(** Symmetric matrices by their quadratic forms: Schur products, Gershgorin's discs, orders of matrices. *)
From Coq Require Import Reals Lra Lia Psatz.
From Certigram.lemmas Require Import Vectors Equilibrium.
Open Scope R_scope.

Lemma form_ext n A B v : (forall i j, (i < n)%nat -> (j < n)%nat -> A i j = B i j) -> form n A v = form n B v.
Proof. intros H. apply sum_ext; intros i Hi. apply sum_ext; intros j Hj. rewrite H; easy. Qed.
Lemma form_plus n A B v : form n (fun i j => A i j + B i j) v = form n A v + form n B v.
Proof. unfold form. rewrite <- sum_plus. apply sum_ext; intros i _. rewrite <- sum_plus. apply sum_ext; intros; ring. Qed.
Lemma form_minus n A B v : form n (fun i j => A i j - B i j) v = form n A v - form n B v.
Proof. unfold form. rewrite <- sum_minus. apply sum_ext; intros i _. rewrite <- sum_minus. apply sum_ext; intros; ring. Qed.
Lemma form_scale n a A v : form n (fun i j => a * A i j) v = a * form n A v.
Proof. unfold form. rewrite <- sum_scale. apply sum_ext; intros i _. rewrite <- sum_scale. apply sum_ext; intros; ring. Qed.
Definition identity (i j : nat) : R := if Nat.eqb i j then 1 else 0.
Lemma form_diagonal n (d v : vector) : form n (fun i j => d i * identity i j) v = sum n (fun i => d i * (v i * v i)).
Proof.
  unfold form. apply sum_ext. intros i Hi.
  rewrite (sum_ext n _ (fun j => (d i * (v i * v j)) * (if Nat.eqb j i then 1 else 0))).
  - rewrite (sum_pick n i (fun j => d i * (v i * v j))) by easy. easy.
  - intros j _. unfold identity. rewrite Nat.eqb_sym. ring.
Qed.
Lemma form_outer n (u v : vector) : form n (fun i j => u i * u j) v = dot n u v * dot n u v.
Proof.
  unfold form, dot. rewrite <- sum_scale_right. apply sum_ext. intros i _. rewrite <- sum_scale. apply sum_ext. intros; ring.
Qed.
(** the Gram matrix V^T V of the columns of a matrix with m rows *)
Definition gram (m : nat) (V : matrix) : matrix := fun i j => sum m (fun k => V k i * V k j).
Lemma form_gram m n V v : form n (gram m V) v = sum m (fun k => dot n (V k) v * dot n (V k) v).
Proof.
  unfold form, gram.
  rewrite (sum_ext n _ (fun i => sum m (fun k => sum n (fun j => V k i * V k j * v i * v j)))).
  - rewrite sum_swap. apply sum_ext. intros k _. rewrite <- (form_outer n (V k) v). easy.
  - intros i _. rewrite sum_swap. apply sum_ext. intros j _. rewrite <- !sum_scale_right. easy.
Qed.
Lemma gram_semidefinite m n V : semidefinite n (gram m V).
Proof. intros v. rewrite form_gram. apply sum_nonneg. intros; apply Rle_0_sqr. Qed.

(** every positive semidefinite matrix is a Gram matrix (Cholesky) *)
Lemma form_first n A v : symmetric (S n) A -> form (S n) A v =
  A O O * (v O * v O) + 2 * v O * sum n (fun j => A O (S j) * v (S j)) + form n (fun i j => A (S i) (S j)) (fun i => v (S i)).
Proof.
  intros HS. unfold form. rewrite sum_first, sum_first.
  rewrite (sum_ext n (fun i => sum (S n) _) (fun i => v O * (A O (S i) * v (S i)) + sum n (fun j => A (S i) (S j) * v (S i) * v (S j)))).
  2:{ intros i Hi. rewrite sum_first, (HS (S i) O) by lia. ring. }
  rewrite sum_plus, sum_scale.
  rewrite (sum_ext n (fun i => A O (S i) * v O * v (S i)) (fun i => v O * (A O (S i) * v (S i)))) by (intros; ring). rewrite sum_scale. ring.
Qed.
Lemma semidefinite_diagonal n A i : semidefinite n A -> (i < n)%nat -> 0 <= A i i.
Proof.
  intros H Hi. specialize (H (fun k => if Nat.eqb k i then 1 else 0)). unfold form in H.
  rewrite (sum_ext n _ (fun k => A k i * (if Nat.eqb k i then 1 else 0))) in H.
  - rewrite sum_pick in H; easy.
  - intros k Hk. rewrite (sum_pick n i (fun j => A k j * (if Nat.eqb k i then 1 else 0)) Hi). easy.
Qed.
Theorem cholesky n : forall A, symmetric n A -> semidefinite n A ->
  exists V : matrix, forall i j, (i < n)%nat -> (j < n)%nat -> A i j = gram n V i j.
Proof.
  induction n as [|n IH]; intros A HS HP; [exists (fun _ _ => 0); intros; lia|].
  pose proof (semidefinite_diagonal _ _ O HP ltac:(lia)) as D0.
  set (b := fun j => A O (S j)). set (a := A O O) in *.
  assert (Q : forall x v, 0 <= a * (x * x) + 2 * x * sum n (fun j => b j * v j) + form n (fun i j => A (S i) (S j)) v).
  { intros x v. set (w := fun i => match i with O => x | S k => v k end).
    pose proof (HP w) as P. rewrite form_first in P by easy. exact P. }
  assert (Z : a = 0 -> forall j, (j < n)%nat -> b j = 0).
  { intros Ea j Hj. destruct (Req_dec (b j) 0) as [|N]; [easy|]. exfalso.
    set (e := fun k => if Nat.eqb k j then 1 else 0).
    assert (Eb : sum n (fun k => b k * e k) = b j) by (apply sum_pick; easy).
    set (q := form n (fun i j => A (S i) (S j)) e) in *.
    pose proof (Q (- (q + 1) / b j) e) as P. rewrite Eb, Ea in P. fold q in P.
    pose proof (Q 0 e) as P0. fold q in P0.
    replace (2 * (- (q + 1) / b j) * b j) with (- 2 * (q + 1)) in P by (field; easy). lra. }
  set (r := sqrt a). set (c := fun j => if Req_EM_T a 0 then 0 else b j / r).
  assert (C : forall i j, (i < n)%nat -> (j < n)%nat -> a <> 0 -> c i * c j = b i * b j / a).
  { intros i j _ _ Na. unfold c. destruct (Req_EM_T a 0); [easy|]. assert (E : r * r = a) by (apply sqrt_sqrt; lra).
    rewrite <- E. field. intro Er. rewrite Er in E. lra. }
  destruct (IH (fun i j => A (S i) (S j) - c i * c j)) as [V HV].
  - intros i j Hi Hj. rewrite (HS (S i) (S j)) by lia. ring.
  - intros v. rewrite form_minus, form_outer.
    destruct (Req_dec a 0) as [Ea|Na].
    + unfold dot. rewrite (sum_zero n (fun j => c j * v j)).
      * pose proof (Q 0 v). lra.
      * intros j Hj. unfold c. destruct (Req_EM_T a 0); [lra|easy].
    + assert (Pa : 0 < a) by lra. pose proof (Q (- sum n (fun j => b j * v j) / a) v) as P.
      set (s := sum n (fun j => b j * v j)) in *.
      assert (Ec : dot n c v * dot n c v = s * s / a).
      { assert (Er : r * r = a) by (apply sqrt_sqrt; lra). assert (Nr : r <> 0) by (intro H; rewrite H in Er; lra).
        unfold dot. rewrite (sum_ext n _ (fun j => / r * (b j * v j))).
        - rewrite sum_scale. fold s. rewrite <- Er. field. easy.
        - intros j _. unfold c. destruct (Req_EM_T a 0); [easy|]. field. easy. }
      rewrite Ec. replace (a * (- s / a * (- s / a)) + 2 * (- s / a) * s) with (- (s * s / a)) in P by (field; easy). lra.
  - exists (fun k i => match k, i with O, O => r | O, S i' => c i' | S k', O => 0 | S k', S i' => V k' i' end).
    assert (Er : r * r = a) by (apply sqrt_sqrt; easy).
    assert (Ec : forall j, (j < n)%nat -> b j = r * c j).
    { intros j Hj. unfold c. destruct (Req_EM_T a 0) as [Ea|Na]; [rewrite Z by easy; ring|]. field. intro H; rewrite H in Er; lra. }
    intros [|i] [|j] Hi Hj; unfold gram; rewrite sum_first.
    + rewrite sum_zero by (intros; ring). fold a. lra.
    + rewrite sum_zero by (intros; ring). fold (b j). rewrite Ec by lia. ring.
    + rewrite sum_zero by (intros; ring). rewrite HS by lia. fold (b i). rewrite Ec by lia. ring.
    + unfold gram in HV. rewrite <- HV by lia. ring.
Qed.

(** Schur: the entrywise product of two positive semidefinite matrices is one; with a Gram matrix as the sum of
    diag(v_k) A diag(v_k). *)
Lemma form_schur_gram m n A V v :
  form n (fun i j => A i j * gram m V i j) v = sum m (fun k => form n A (fun i => V k i * v i)).
Proof.
  unfold form at 1. rewrite (sum_ext n _ (fun i => sum m (fun k => sum n (fun j => A i j * (V k i * v i) * (V k j * v j))))).
  - now rewrite sum_swap.
  - intros i _. rewrite sum_swap. apply sum_ext. intros j _. unfold gram.
    rewrite (Rmult_comm (A i j) (sum m _)), !Rmult_assoc, <- sum_scale_right. apply sum_ext. intros; ring.
Qed.
Theorem schur_product n A B : symmetric n B -> semidefinite n A -> semidefinite n B -> semidefinite n (fun i j => A i j * B i j).
Proof.
  intros HS HA HB. destruct (cholesky n B HS HB) as [V HV]. intros v.
  rewrite (form_ext n _ (fun i j => A i j * gram n V i j)) by (intros; rewrite HV; easy).
  rewrite form_schur_gram. apply sum_nonneg. intros k _. apply HA.
Qed.

(** powers of the entries *)
Definition schur_power (A : matrix) (r : nat) : matrix := fun i j => A i j ^ r.
Lemma schur_power_semidefinite n A r : symmetric n A -> semidefinite n A -> semidefinite n (schur_power A r).
Proof.
  intros HS HA. induction r as [|r IH].
  - intros v. rewrite (form_ext n _ (fun _ _ => 1 * 1)) by (intros; unfold schur_power; simpl; ring).
    rewrite (form_outer n (fun _ => 1)). apply Rle_0_sqr.
  - intros v. unfold schur_power. simpl. revert v. apply (schur_product n A (schur_power A r)); [|easy|easy].
    intros i j Hi Hj. unfold schur_power. now rewrite HS.
Qed.
(** the difference of two Schur powers telescopes into semidefinite terms *)
Lemma power_difference a b r : b ^ r - a ^ r = sum r (fun k => a ^ k * (b - a) * b ^ (r - 1 - k)).
Proof.
  induction r as [|r IH]; [simpl; ring|]. replace (sum (S r) _) with (b * sum r (fun k => a ^ k * (b - a) * b ^ (r - 1 - k)) + a ^ r * (b - a)).
  - rewrite <- IH. simpl. ring.
  - simpl sum. f_equal.
    + rewrite <- sum_scale. apply sum_ext. intros k Hk. replace (b ^ (r - 0 - k)) with (b * b ^ (r - 1 - k)); [ring|].
      change (b ^ S (r - 1 - k) = b ^ (r - 0 - k)). f_equal. lia.
    + replace (r - 0 - r)%nat with O by lia. simpl. ring.
Qed.
Theorem telescoping n A B r : symmetric n A -> symmetric n B -> semidefinite n A -> semidefinite n (fun i j => B i j - A i j) ->
  (forall i j, B i j ^ r - A i j ^ r = sum r (fun k => A i j ^ k * (B i j - A i j) * B i j ^ (r - 1 - k))) /\
  (forall k, (k < r)%nat -> semidefinite n (fun i j => A i j ^ k * (B i j - A i j) * B i j ^ (r - 1 - k))) /\
  forall v, form n (schur_power A r) v <= form n (schur_power B r) v.
Proof.
  intros SA SB HA HD. split; [intros; apply power_difference|].
  assert (HB : semidefinite n B).
  { intros w. rewrite (form_ext n B (fun i j => A i j + (B i j - A i j))) by (intros; ring). rewrite form_plus.
    specialize (HA w). specialize (HD w). lra. }
  assert (T : forall l, semidefinite n (fun i j => A i j ^ l * (B i j - A i j) * B i j ^ (r - 1 - l))).
  { intros l. apply (schur_product n (fun i j => A i j ^ l * (B i j - A i j)) (schur_power B (r - 1 - l))).
    - intros i j Hi Hj. unfold schur_power. now rewrite SB.
    - apply (schur_product n (schur_power A l) (fun i j => B i j - A i j)); [|now apply schur_power_semidefinite|easy].
      intros i j Hi Hj. now rewrite SA, SB.
    - now apply schur_power_semidefinite. }
  split; [intros; apply T|]. intros v.
  enough (0 <= form n (fun i j => B i j ^ r - A i j ^ r) v) by (rewrite form_minus in H; unfold schur_power; lra).
  rewrite (form_ext n _ (fun i j => sum r (fun k => A i j ^ k * (B i j - A i j) * B i j ^ (r - 1 - k)))) by (intros; apply power_difference).
  assert (G : forall l, 0 <= form n (fun i j => sum l (fun k => A i j ^ k * (B i j - A i j) * B i j ^ (r - 1 - k))) v).
  { induction l as [|l IH]; simpl.
    - unfold form. rewrite sum_zero; [lra|]. intros. apply sum_zero. intros; ring.
    - rewrite form_plus. specialize (T l v). lra. }
  apply G.
Qed.

(** A o B is at least lambda_min(B) times the diagonal of A *)
Lemma form_eigenvalue n B l v : form n (fun i j => B i j - l * identity i j) v = form n B v - l * dot n v v.
Proof. rewrite form_minus, (form_diagonal n (fun _ => l)), sum_scale. easy. Qed.
Theorem schur_least_eigenvalue n A B l : symmetric n B -> semidefinite n A -> eigenvalue_at_least n B l ->
  semidefinite n (fun i j => A i j * (B i j - l * identity i j)) /\
  forall v, l * sum n (fun i => A i i * (v i * v i)) <= form n (fun i j => A i j * B i j) v.
Proof.
  intros SB HA HB.
  assert (P : semidefinite n (fun i j => A i j * (B i j - l * identity i j))).
  { apply schur_product; [|easy|].
    - intros i j Hi Hj. unfold identity. now rewrite SB, (Nat.eqb_sym i j).
    - intros v. rewrite form_eigenvalue. specialize (HB v). lra. }
  split; [exact P|]. intros v. specialize (P v).
  rewrite (form_ext n _ (fun i j => A i j * B i j - l * A i i * identity i j)), form_minus, (form_diagonal n (fun i => l * A i i)) in P.
  - rewrite (sum_ext n _ (fun i => l * (A i i * (v i * v i)))), sum_scale in P by (intros; ring). lra.
  - intros i j _ _. unfold identity. destruct (Nat.eqb_spec i j) as [->|]; ring.
Qed.

(** Gershgorin's discs *)
Lemma discs n C s : symmetric n C -> (forall i, (i < n)%nat -> C i i = 1) ->
  (forall i, (i < n)%nat -> sum n (fun j => if Nat.eqb j i then 0 else Rabs (C i j)) <= s) -> eigenvalue_at_least n C (1 - s).
Proof.
  intros HS HD Hs v.
  set (o := fun i j => if Nat.eqb j i then 0 else Rabs (C i j)).
  assert (L : form n C v >= sum n (fun i => v i * v i - sum n (fun j => o i j * ((v i * v i + v j * v j) / 2)))).
  { apply Rle_ge, sum_le. intros i Hi.
    set (F := fun j => o i j * ((v i * v i + v j * v j) / 2)).
    replace (v i * v i - sum n F) with (sum n (fun j => v j * v j * (if Nat.eqb j i then 1 else 0) - F j)).
    2:{ now rewrite sum_minus, (sum_pick n i (fun j => v j * v j)). }
    apply sum_le. intros j Hj. unfold F, o.
    destruct (Nat.eqb_spec j i) as [->|N]; [rewrite HD by easy; lra|].
    assert (B : - (Rabs (C i j) * ((v i * v i + v j * v j) / 2)) <= C i j * (v i * v j)).
    { assert (T : Rabs (v i * v j) <= (v i * v i + v j * v j) / 2).
      { apply Rabs_le. assert (0 <= (v i - v j) * (v i - v j)) by apply Rle_0_sqr. assert (0 <= (v i + v j) * (v i + v j)) by apply Rle_0_sqr. lra. }
      assert (U : Rabs (C i j * (v i * v j)) <= Rabs (C i j) * ((v i * v i + v j * v j) / 2)).
      { rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|easy]. }
      pose proof (Rle_abs (- (C i j * (v i * v j)))) as W. rewrite Rabs_Ropp in W. lra. }
    lra. }
  assert (E : sum n (fun i => sum n (fun j => o i j * ((v i * v i + v j * v j) / 2))) = sum n (fun i => v i * v i * sum n (fun j => o i j))).
  { assert (O : forall i j, (i < n)%nat -> (j < n)%nat -> o i j = o j i).
    { intros i j Hi Hj. unfold o. rewrite Nat.eqb_sym, HS by easy. easy. }
    rewrite (sum_ext n _ (fun i => sum n (fun j => / 2 * (o i j * (v i * v i))) + sum n (fun j => / 2 * (o i j * (v j * v j))))).
    2:{ intros i _. rewrite <- sum_plus. apply sum_ext. intros. field. }
    rewrite sum_plus, (sum_swap n n (fun i j => / 2 * (o i j * (v j * v j)))), <- sum_plus. apply sum_ext. intros i Hi.
    rewrite <- sum_plus, <- sum_scale. apply sum_ext. intros j Hj. rewrite (O j i) by easy. field. }
  rewrite sum_minus, E in L. rewrite <- sum_minus in L.
  enough (T : (1 - s) * dot n v v <= sum n (fun i => v i * v i - v i * v i * sum n (fun j => o i j))) by lra.
  unfold dot. rewrite <- sum_scale. apply sum_le. intros i Hi. specialize (Hs i Hi). fold (o i) in Hs.
  change (sum n (o i)) with (sum n (fun j => o i j)) in Hs. assert (0 <= v i * v i) by apply Rle_0_sqr. nra.
Qed.
(** the same for the powers of the entries of C, whose entries off the diagonal are at most d in size *)
Theorem gershgorin n C r s d : symmetric n C -> (forall i, (i < n)%nat -> C i i = 1) -> (0 < r)%nat ->
  (forall i, (i < n)%nat -> sum n (fun j => if Nat.eqb j i then 0 else Rabs (C i j) ^ r) <= s) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> i <> j -> Rabs (C i j) <= d) ->
  eigenvalue_at_least n (schur_power C r) (1 - s) /\ eigenvalue_at_least n (schur_power C r) (1 - (INR n - 1) * d ^ r).
Proof.
  intros HS HD Hr Hs Hd.
  assert (S2 : symmetric n (schur_power C r)) by (intros i j Hi Hj; unfold schur_power; now rewrite HS).
  assert (D2 : forall i, (i < n)%nat -> schur_power C r i i = 1) by (intros i Hi; unfold schur_power; rewrite HD by easy; apply pow1).
  split; apply discs; try easy; intros i Hi.
  - rewrite (sum_ext n _ (fun j => if Nat.eqb j i then 0 else Rabs (C i j) ^ r)); [now apply Hs|].
    intros j _. unfold schur_power. now rewrite RPow_abs.
  - eapply Rle_trans with (sum n (fun j => d ^ r - d ^ r * (if Nat.eqb j i then 1 else 0))).
    + apply sum_le. intros j Hj. destruct (Nat.eqb_spec j i) as [->|N]; [lra|]. unfold schur_power. rewrite <- RPow_abs.
      assert (Rabs (C i j) ^ r <= d ^ r) by (apply pow_incr; split; [apply Rabs_pos|apply Hd; auto]). lra.
    + rewrite sum_minus, sum_constant, (sum_pick n i (fun _ => d ^ r)) by easy. lra.
Qed.
