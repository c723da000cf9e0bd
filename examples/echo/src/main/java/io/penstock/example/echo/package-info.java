// SPDX-License-Identifier: Apache-2.0
/** A handler that the whiteboard serves. */
@NullMarked
package io.penstock.example.echo;

import org.jspecify.annotations.NullMarked;
