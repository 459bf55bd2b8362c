"""Workers: problems, operations, search, retraining, and the engines that compute them."""
