;; The matrix product C = A B of float32, four numbers at a time (WASM SIMD). matmul.js calls it.
;;
;; B [inner, columns] and C [rows, columns] lie row by row. The number A[i, k] lies at a + i * a_row + k * a_column, so
;; that A may be turned: with its two strides exchanged, the product is that of A's transpose.
;; All addresses and strides are in bytes.
(module
  (import "playground" "memory" (memory 1))
  (func (export "multiply")
    (param $a i32) (param $a_row i32) (param $a_column i32) (param $b i32) (param $c i32)
    (param $rows i32) (param $inner i32) (param $columns i32)
    (local $b_row i32) (local $left i32) (local $k i32) (local $from i32) (local $at i32) (local $number v128)
    (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128) (local $sum f32)
    (local.set $b_row (i32.shl (local.get $columns) (i32.const 2)))
    (loop $next_row
      (local.set $left (local.get $columns)) ;; columns of this row of C that are still to be computed

      ;; Sixteen columns: their sums stay in four registers while k goes from 0 to inner.
      (block $no_sixteen
        (loop $sixteen
          (br_if $no_sixteen (i32.lt_u (local.get $left) (i32.const 16)))
          (local.set $sum0 (v128.const f32x4 0 0 0 0))
          (local.set $sum1 (v128.const f32x4 0 0 0 0))
          (local.set $sum2 (v128.const f32x4 0 0 0 0))
          (local.set $sum3 (v128.const f32x4 0 0 0 0))
          (local.set $from (local.get $a))
          (local.set $at (local.get $b))
          (local.set $k (local.get $inner))
          (loop $next_k
            (local.set $number (v128.load32_splat (local.get $from)))
            (local.set $sum0 (f32x4.add (local.get $sum0)
              (f32x4.mul (local.get $number) (v128.load (local.get $at)))))
            (local.set $sum1 (f32x4.add (local.get $sum1)
              (f32x4.mul (local.get $number) (v128.load offset=16 (local.get $at)))))
            (local.set $sum2 (f32x4.add (local.get $sum2)
              (f32x4.mul (local.get $number) (v128.load offset=32 (local.get $at)))))
            (local.set $sum3 (f32x4.add (local.get $sum3)
              (f32x4.mul (local.get $number) (v128.load offset=48 (local.get $at)))))
            (local.set $from (i32.add (local.get $from) (local.get $a_column)))
            (local.set $at (i32.add (local.get $at) (local.get $b_row)))
            (br_if $next_k (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (v128.store (local.get $c) (local.get $sum0))
          (v128.store offset=16 (local.get $c) (local.get $sum1))
          (v128.store offset=32 (local.get $c) (local.get $sum2))
          (v128.store offset=48 (local.get $c) (local.get $sum3))
          (local.set $b (i32.add (local.get $b) (i32.const 64)))
          (local.set $c (i32.add (local.get $c) (i32.const 64)))
          (local.set $left (i32.sub (local.get $left) (i32.const 16)))
          (br $sixteen)))

      ;; Four columns.
      (block $no_four
        (loop $four
          (br_if $no_four (i32.lt_u (local.get $left) (i32.const 4)))
          (local.set $sum0 (v128.const f32x4 0 0 0 0))
          (local.set $from (local.get $a))
          (local.set $at (local.get $b))
          (local.set $k (local.get $inner))
          (loop $next_k
            (local.set $sum0 (f32x4.add (local.get $sum0)
              (f32x4.mul (v128.load32_splat (local.get $from)) (v128.load (local.get $at)))))
            (local.set $from (i32.add (local.get $from) (local.get $a_column)))
            (local.set $at (i32.add (local.get $at) (local.get $b_row)))
            (br_if $next_k (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (v128.store (local.get $c) (local.get $sum0))
          (local.set $b (i32.add (local.get $b) (i32.const 16)))
          (local.set $c (i32.add (local.get $c) (i32.const 16)))
          (local.set $left (i32.sub (local.get $left) (i32.const 4)))
          (br $four)))

      ;; One column.
      (block $no_one
        (loop $one
          (br_if $no_one (i32.eqz (local.get $left)))
          (local.set $sum (f32.const 0))
          (local.set $from (local.get $a))
          (local.set $at (local.get $b))
          (local.set $k (local.get $inner))
          (loop $next_k
            (local.set $sum (f32.add (local.get $sum)
              (f32.mul (f32.load (local.get $from)) (f32.load (local.get $at)))))
            (local.set $from (i32.add (local.get $from) (local.get $a_column)))
            (local.set $at (i32.add (local.get $at) (local.get $b_row)))
            (br_if $next_k (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (f32.store (local.get $c) (local.get $sum))
          (local.set $b (i32.add (local.get $b) (i32.const 4)))
          (local.set $c (i32.add (local.get $c) (i32.const 4)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $one)))

      (local.set $b (i32.sub (local.get $b) (local.get $b_row))) ;; back to its beginning
      (local.set $a (i32.add (local.get $a) (local.get $a_row)))
      (br_if $next_row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
