;; The two computations that take the most time, on float32, four numbers at a time (WASM SIMD). kernels.js calls them.
(module
  (import "playground" "memory" (memory 1))

  ;; multiply: the matrix product C = A B.
  ;;
  ;; B [inner, columns] and C [rows, columns] lie row by row. The number A[i, k] lies at a + i * a_row + k * a_column, so
  ;; that A may be turned: with its two strides exchanged, the product is that of A's transpose.
  ;; All addresses and strides are in bytes.
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
      (br_if $next_row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; tanh: to[i] = tanh(from[i]) = 1 - 2 / (e^y + 1), with y = 2 from[i] held within +-20, where tanh is 1 for float32.
  ;;
  ;; e^y = 2^n e^r, with n the whole number next to y / ln 2 and r = y - n ln 2: a float32 of exponent n, times the series
  ;; 1 + r + r^2 / 2! + ... + r^6 / 6!. Addresses are in bytes; up to three numbers behind the last are overwritten.
  (func (export "tanh") (param $from i32) (param $to i32) (param $count i32)
    (local $y v128) (local $n v128) (local $r v128) (local $series v128)
    (loop $next
      (local.set $y (v128.load (local.get $from)))
      (local.set $y (f32x4.max (f32x4.min (f32x4.add (local.get $y) (local.get $y))
        (v128.const f32x4 20 20 20 20)) (v128.const f32x4 -20 -20 -20 -20)))
      (local.set $n (f32x4.nearest (f32x4.mul (local.get $y)
        (v128.const f32x4 1.44269504 1.44269504 1.44269504 1.44269504)))) ;; 1 / ln 2
      (local.set $r (f32x4.sub (local.get $y) (f32x4.mul (local.get $n)
        (v128.const f32x4 0.69314718 0.69314718 0.69314718 0.69314718)))) ;; ln 2
      (local.set $series (v128.const f32x4 0.00138888889 0.00138888889 0.00138888889 0.00138888889)) ;; 1 / 6!
      (local.set $series (f32x4.add (f32x4.mul (local.get $series) (local.get $r))
        (v128.const f32x4 0.00833333333 0.00833333333 0.00833333333 0.00833333333))) ;; 1 / 5!
      (local.set $series (f32x4.add (f32x4.mul (local.get $series) (local.get $r))
        (v128.const f32x4 0.0416666667 0.0416666667 0.0416666667 0.0416666667))) ;; 1 / 4!
      (local.set $series (f32x4.add (f32x4.mul (local.get $series) (local.get $r))
        (v128.const f32x4 0.166666667 0.166666667 0.166666667 0.166666667))) ;; 1 / 3!
      (local.set $series (f32x4.add (f32x4.mul (local.get $series) (local.get $r))
        (v128.const f32x4 0.5 0.5 0.5 0.5)))
      (local.set $series (f32x4.add (f32x4.mul (local.get $series) (local.get $r)) (v128.const f32x4 1 1 1 1)))
      (local.set $series (f32x4.add (f32x4.mul (local.get $series) (local.get $r)) (v128.const f32x4 1 1 1 1)))
      ;; Adding n to the exponent's bits multiplies by 2^n.
      (local.set $series (i32x4.add (local.get $series)
        (i32x4.shl (i32x4.trunc_sat_f32x4_s (local.get $n)) (i32.const 23))))
      (v128.store (local.get $to) (f32x4.sub (v128.const f32x4 1 1 1 1)
        (f32x4.div (v128.const f32x4 2 2 2 2) (f32x4.add (local.get $series) (v128.const f32x4 1 1 1 1)))))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $next (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0))))))
