"""What tests lean on must itself stand."""


