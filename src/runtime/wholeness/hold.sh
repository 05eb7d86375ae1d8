# The tool has the exec's own stdin: it is told to go by a line, and goes by itself when stdin ends, because nobody is
# there any more. It is not ended from here: what it holds, only it can give back.
"$@" <&0
printf '%s %03d\n' "$lb_nonce" "$?"
# Until the record has been read this exec does not end, so the daemon drops nothing; then the connection is closed.
while IFS= read -r lb_line; do :; done
