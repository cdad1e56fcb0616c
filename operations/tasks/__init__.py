"""Operations that take long, run one at a time beside a server: started, watched, stopped."""
