"""How the ports of the domain are served: Secrets Manager, the database engines, TLS, time, metrics."""
