// SPDX-License-Identifier: Apache-2.0
/** The commands in the shell of Gogo. Nothing here is for other bundles. */
@NullMarked
package io.penstock.gogo;

import org.jspecify.annotations.NullMarked;
