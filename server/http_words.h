#pragma once

namespace holdfast {

/// "GET"; "?" for a method that HTTP does not define. `method` is an evhttp_cmd_type.
const char* methodText(int method);
/// The reason phrase of a status code (RFC 9110 section 15).
const char* phraseOf(int status);

}  // namespace holdfast
