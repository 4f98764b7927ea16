#include "config/assignment.h"

namespace hermod::config {

std::string Origin::text() const {
  switch (place) {
    case Place::Default:
      return "default";
    case Place::File:
      return line == 0 ? name : name + ":" + std::to_string(line);
    case Place::Environment:
      return name + " in the environment";
    case Place::Flag:
      return "flag " + name;
  }
  return name;
}

std::string Problem::message() const {
  return origin.text() + ": " + text;
}

}  // namespace hermod::config
