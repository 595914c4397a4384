/**
 * A self-signed certificate for localhost with its key, good for a hundred years. It protects nothing: it is only here
 * so that the tests over TLS need no program to make one.
 */
export const TLS_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2teq0tHVK89w2zVn
LYdmmAoXQuXwbvG/NBjBlICUmy2hRANCAARJnw1eLIuGN4hJG6HALN8XT48V4NrW
rN//Jv4TLi+bLqBT3oWKF4xOWfckvkABh6+3qkyi5bsljA10wR9R+Bpc
-----END PRIVATE KEY-----
`

/** See {@link TLS_KEY}. */
export const TLS_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUPWnJTQg+e7/n83V5cuc6pcMMNugwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDE3MzExMVoYDzIxMjYxMDI3
MTczMTExWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARJnw1eLIuGN4hJG6HALN8XT48V4NrWrN//Jv4TLi+bLqBT3oWKF4xO
WfckvkABh6+3qkyi5bsljA10wR9R+Bpco28wbTAdBgNVHQ4EFgQU2o0YCvXKmQx+
BvhNrnGlmtAW8wUwHwYDVR0jBBgwFoAU2o0YCvXKmQx+BvhNrnGlmtAW8wUwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgfYWRHwSdW1S8qsynjlBzqb6dsPP25B+3ggWrGVrk5YQCIEwX
paE4dHNhtLQzH3nGzADaFRRXUMILj4ebSyG5ZPEW
-----END CERTIFICATE-----
`
