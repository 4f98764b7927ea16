#pragma once
#include <string>

#include "base/result.h"

namespace hermod::store {

/// Writes the journal of a store of format 2, whose records do not say what was synced before them, once more
/// as this format has it: each segment into a new file beside the old one, durably. To a journal of this
/// format the old files are free segments, and to one of format 2 the new ones are; so it is the number in
/// the file `format` that says which of them count, and until that is written nothing has changed. What an
/// earlier attempt left is deleted first, and after an error what this one did. The old broker synced a group
/// before it began the next, so every record but the last was synced; whether they are whole is for the
/// verifier. Nobody has the journal open. Errors: Corruption (not a whole journal of format 2), NoSpace, Io.
Status convert_journal_of_format_2(const std::string& folder);

}  // namespace hermod::store
