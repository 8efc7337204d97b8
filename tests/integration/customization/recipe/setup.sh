#!/usr/bin/env -S perl -w
# Any interpreter of the guest will do.
open(my $out, '>', '/srv/script') or die;
print $out "$^X $0\n";
