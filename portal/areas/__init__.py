"""Floor 3: the city as a tree: kecamatan, kelurahan, RW, RT, and schools hanging on a kelurahan."""
