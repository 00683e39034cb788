def connected(server, identity, api, proofs):
    raise NotImplementedError
