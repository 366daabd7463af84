-- All views anew, as they are in views/, which together are known as 660f23f9213d59f9.
{views}
