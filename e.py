from h import *
# minimal next
for X in ([[-F(1,3)-F(1,10**16),0,0],[0,-F(1,3),0],[0,0,1]], [["-1/3",0,0],["0","-1/3000000001",0],[0,0,1]]):
    d=cg.diagnose(X); print(d, repr(d.space.next_eigenvalue))
A=np.diag([-3.,-1,2])*2.0**300
A[1,1]=np.nextafter(A[0,0],0)
d=cg.diagnose(A); print(d); print(d.space and F(d.space.next_eigenvalue)<=F(float(A[1,1])))
