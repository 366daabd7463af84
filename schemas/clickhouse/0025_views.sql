-- All views anew, as they are in views/, which together are known as d19e282c401c2569.
{views}
