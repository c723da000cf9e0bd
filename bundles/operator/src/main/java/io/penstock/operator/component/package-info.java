// SPDX-License-Identifier: Apache-2.0
/** The commands at a Unix socket. Nothing here is for other bundles. */
@NullMarked
package io.penstock.operator.component;

import org.jspecify.annotations.NullMarked;
