-- All views anew, as they are in views/, which together are known as d5acb6d80d28d9cd.
{views}
