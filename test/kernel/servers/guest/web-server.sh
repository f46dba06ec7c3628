# nginx with four workers in front of PHP and Redis, and clients that come every now and then.

# shellcheck disable=SC2034 # read by main.sh
looks=12

start_servers() {
	cat >/etc/nginx/nginx.conf <<'END'
user www-data;
worker_processes 4;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { worker_connections 512; }
http {
	access_log /var/log/nginx/access.log;
	sendfile on;
	server {
		listen 80;
		root /var/www;
		location ~ \.php$ {
			include fastcgi_params;
			fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
			fastcgi_pass unix:/run/php/fpm.sock;
		}
	}
}
END
	mkdir -p /var/log/nginx /var/lib/nginx /var/www
	head -c 20000 /dev/zero | tr '\0' x >/var/www/page.html
	cat >/var/www/visit.php <<'END'
<?php
$redis = fsockopen('127.0.0.1', 6379);
fwrite($redis, "INCR visits\r\n");
$count = trim(fgets($redis));
for ($i = 0, $sum = 0; $i < 3000; $i++) $sum += $i * $i;
file_put_contents('/tmp/visits', "$count\n", FILE_APPEND);
echo "visit $count: $sum\n";
END
	cat >/etc/php/8.2/fpm/pool.d/www.conf <<'END'
[www]
user = www-data
group = www-data
listen = /run/php/fpm.sock
listen.owner = www-data
pm = static
pm.max_children = 16
END
	chmod 644 /var/www/*
	redis-server --daemonize yes --save '' >/dev/null
	php-fpm8.2 --daemonize
	nginx
}

start_load() {
	printf 'http://localhost/page.html\nhttp://localhost/page.html\nhttp://localhost/visit.php\n' >/tmp/urls
	mkdir -p "$HOME"/.siege
	printf 'verbose = false\nquiet = true\nshow-logfile = false\nlogging = false\nconnection = keep-alive\n' >"$HOME/.siege/siege.conf"
	# It ends after a while, whatever it is told.
	dash -c 'while :; do siege -q -i -c 20 -d 0.4 -f /tmp/urls; done' >/dev/null 2>&1 &
}

work_done() {
	wc -l </var/log/nginx/access.log
}
