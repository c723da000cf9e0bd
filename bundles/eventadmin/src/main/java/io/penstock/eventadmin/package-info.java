// SPDX-License-Identifier: Apache-2.0
/** What happens, as events of EventAdmin. */
@NullMarked
package io.penstock.eventadmin;

import org.jspecify.annotations.NullMarked;
