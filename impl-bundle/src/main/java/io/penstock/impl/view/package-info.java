// SPDX-License-Identifier: Apache-2.0
/**
 * Views over ends: streams, text, files, peeking, and reactive streams. They know an end by its
 * public contract only; what they cannot do with that (to put bytes back, to cut a stream, to be
 * told when a try is worth it) they are handed by whoever makes them.
 */
@NullMarked
package io.penstock.impl.view;

import org.jspecify.annotations.NullMarked;
