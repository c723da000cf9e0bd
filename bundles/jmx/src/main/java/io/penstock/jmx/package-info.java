// SPDX-License-Identifier: Apache-2.0
/** The metrics as open MBeans. */
@NullMarked
package io.penstock.jmx;

import org.jspecify.annotations.NullMarked;
