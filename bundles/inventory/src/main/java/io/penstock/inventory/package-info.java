// SPDX-License-Identifier: Apache-2.0
/** All that there is, as a page of Apache Felix's inventory. */
@NullMarked
package io.penstock.inventory;

import org.jspecify.annotations.NullMarked;
