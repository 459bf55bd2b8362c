BEGIN TRANSACTION;
CREATE TABLE configurations (
	study_id INTEGER NOT NULL, 
	iteration INTEGER NOT NULL, 
	rung INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	hyperparameters JSON NOT NULL, 
	model_based BOOLEAN NOT NULL, 
	PRIMARY KEY (study_id, iteration, rung, number), 
	FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE
);
INSERT INTO "configurations" VALUES(1,0,0,0,'{"param_lr": 0.001, "param_weight_decay": 1e-08, "param_warm_up": false, "alpha_lr": 0.001, "alpha_weight_decay": 0.001, "alpha_warm_up": true, "alpha_scheduler": "linear", "alpha_optimizer": "gradient_descent"}',0);
INSERT INTO "configurations" VALUES(2,0,0,0,'{"param_lr": 0.001, "param_weight_decay": 1e-08, "param_warm_up": false, "alpha_lr": 0.001, "alpha_weight_decay": 0.001, "alpha_warm_up": true, "alpha_scheduler": "linear", "alpha_optimizer": "gradient_descent"}',0);
INSERT INTO "configurations" VALUES(3,0,0,0,'{"param_lr": 0.04708534501633413, "param_weight_decay": 5.477688523921975e-06, "param_warm_up": false, "alpha_lr": 0.0021313174674015014, "alpha_weight_decay": 4.354674102081222e-05, "alpha_warm_up": true, "alpha_scheduler": "none", "alpha_optimizer": "adam"}',0);
INSERT INTO "configurations" VALUES(3,0,0,1,'{"param_lr": 5.5376132323776556e-05, "param_weight_decay": 2.839581166068493e-06, "param_warm_up": false, "alpha_lr": 5.544968385137585e-05, "alpha_weight_decay": 0.0016933181159180246, "alpha_warm_up": false, "alpha_scheduler": "none", "alpha_optimizer": "adam"}',0);
INSERT INTO "configurations" VALUES(3,0,0,2,'{"param_lr": 0.0012961474625607825, "param_weight_decay": 6.592335949846655e-07, "param_warm_up": true, "alpha_lr": 0.0004280411982799155, "alpha_weight_decay": 0.0025355147135632788, "alpha_warm_up": true, "alpha_scheduler": "none", "alpha_optimizer": "gradient_descent"}',0);
CREATE TABLE curves (
	evaluation_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	phase VARCHAR NOT NULL, 
	epoch INTEGER NOT NULL, 
	train_loss DOUBLE NOT NULL, 
	psnr DOUBLE NOT NULL, 
	validation_loss DOUBLE, 
	entropy DOUBLE, 
	alpha_norm DOUBLE, 
	PRIMARY KEY (evaluation_id, position, phase, epoch), 
	FOREIGN KEY(evaluation_id, position) REFERENCES trials (evaluation_id, position) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "curves" VALUES(1,0,'retrain',1,8.62627148628234835525e-02,1.15864683337755209886e+01,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(1,0,'search',1,2.29023618698120101644e-01,4.8743269426366513386e+00,4.61637458801269551234e-01,1.38629398937249881385e+00,2.31205681585705058803e-03);
INSERT INTO "curves" VALUES(1,1,'retrain',1,8.88318347930908136511e-02,1.18482774953385323608e+01,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(1,1,'search',1,0.49330078125,4.70912704263759263056e+00,4.23737926483154336843e-01,1.38629417938772525609e+00,1.60617669578771646299e-03);
INSERT INTO "curves" VALUES(1,2,'retrain',1,1.14177899360656739946e-01,1.04413250176633773944e+01,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(1,2,'search',1,4.57453689575195276972e-01,5.54097843403668832706e+00,3.95505981445312460031e-01,1.38629407444000385396e+00,1.76675538291390247028e-03);
INSERT INTO "curves" VALUES(2,0,'retrain',1,3.98900970458984360789e+00,-5.36716249972681858082e+00,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(2,1,'retrain',1,1.24264198303222661579e+00,1.59731226938589565556e+00,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(2,2,'retrain',1,6.88133087158203204936e-01,3.13664489421615311215e+00,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(3,0,'retrain',1,1.6679675579071046032e-01,9.426185443125731922e+00,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(3,0,'search',1,2.80020999908447254522e-01,4.4792266375458620331e+00,0.429379653930664,1.3862883829872232333e+00,8.5270917520527227118e-03);
INSERT INTO "curves" VALUES(3,1,'retrain',1,1.45742268562316895641e-01,1.00164139010923953772e+01,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(3,1,'search',1,3.6367521286010739967e-01,5.30736529750040730846e+00,3.49664726257324198765e-01,1.3862869037605110023e+00,0.00941462762202645);
INSERT INTO "curves" VALUES(4,0,'retrain',1,1.30432678222656250888e+00,0.772257565423517,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(4,0,'search',1,5.66196365356445241445e-01,4.0633929786505476045e+00,6.01501026153564488652e-01,1.38629374617421685655e+00,3.40139640253421830437e-03);
INSERT INTO "curves" VALUES(4,1,'retrain',1,1.10433509826660158914e+00,-3.56159094855205360374e-01,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(4,1,'search',1,4.09683542251586929605e-01,3.87585787676007731406e+00,5.94576759338378835195e-01,1.3862938375760447407e+00,2.56260669072029415374e-03);
INSERT INTO "curves" VALUES(5,0,'retrain',1,1.31176246643066418684e+00,1.57734010040705907584e+00,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(5,0,'search',1,5.71530780792236292597e-01,5.00072071299048648285e+00,4.08428993225097625163e-01,1.38629406028134916084e+00,2.11761385126938653927e-03);
INSERT INTO "curves" VALUES(5,1,'retrain',1,0.395996150970459,4.27404863967924164569e+00,NULL,NULL,NULL);
INSERT INTO "curves" VALUES(5,1,'search',1,2.9957464218139651102e-01,4.57299916987547838687e+00,5.41279449462890638322e-01,1.38629393124043875928e+00,2.47485418020388725848e-03);
CREATE TABLE dartboard_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT dartboard_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "dartboard_version" VALUES('0004');
CREATE TABLE evaluations (
	id INTEGER NOT NULL, 
	study_id INTEGER NOT NULL, 
	iteration INTEGER NOT NULL, 
	rung INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	epochs INTEGER NOT NULL, 
	purpose VARCHAR NOT NULL, 
	part INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	loss DOUBLE, 
	worker VARCHAR, 
	token VARCHAR, 
	device VARCHAR, 
	engine VARCHAR, 
	failure VARCHAR, 
	message VARCHAR, 
	submitted DATETIME NOT NULL, 
	started DATETIME, 
	finished DATETIME, 
	submitted_sequence INTEGER NOT NULL, 
	ended_sequence INTEGER, seeds INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(study_id, iteration, rung, number) REFERENCES configurations (study_id, iteration, rung, number) ON DELETE CASCADE, 
	UNIQUE (study_id, iteration, rung, number, epochs, purpose, part)
);
INSERT INTO "evaluations" VALUES(1,1,0,0,0,1,'campaign',0,'finished',1,-1.18353124707654799863e+01,'local-0',NULL,'cpu','numba',NULL,NULL,'2026-11-28 21:36:07.162532','2026-11-28 21:36:08.529896','2026-11-28 21:36:10.078636',1,2,3);
INSERT INTO "evaluations" VALUES(2,2,0,0,0,1,'campaign',0,'finished',1,-0.81069483613978,'local-1',NULL,'cpu','numba',NULL,NULL,'2026-11-28 21:36:08.610404','2026-11-28 21:36:08.612159','2026-11-28 21:36:10.041284',1,2,3);
INSERT INTO "evaluations" VALUES(3,3,0,0,0,1,'study',0,'finished',1,-1.39210020643593637148e+01,'local-0',NULL,'cpu','numba',NULL,NULL,'2026-11-28 21:36:16.916600','2026-11-28 21:36:18.388463','2026-11-28 21:36:19.514842',1,2,2);
INSERT INTO "evaluations" VALUES(4,3,0,0,1,1,'study',0,'finished',1,-1.05289521796732055136e+00,'local-0',NULL,'cpu','numba',NULL,NULL,'2026-11-28 21:36:19.528625','2026-11-28 21:36:19.535865','2026-11-28 21:36:19.582881',3,4,2);
INSERT INTO "evaluations" VALUES(5,3,0,0,2,1,'study',0,'finished',1,-3.02039477514031950988e+00,'local-0',NULL,'cpu','numba',NULL,NULL,'2026-11-28 21:36:19.589356','2026-11-28 21:36:19.590497','2026-11-28 21:36:19.615100',5,6,2);
INSERT INTO "evaluations" VALUES(6,3,0,0,0,3,'study',0,'running',1,NULL,'local-0','d04eb7ac258af5cf',NULL,NULL,NULL,NULL,'2026-11-28 21:36:19.616538','2026-11-28 21:36:19.623913',NULL,7,NULL,2);
CREATE TABLE studies (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	settings JSON NOT NULL, 
	digest VARCHAR NOT NULL, 
	seed BIGINT NOT NULL, 
	versions JSON NOT NULL, 
	state VARCHAR NOT NULL, 
	created DATETIME NOT NULL, 
	changed DATETIME NOT NULL, version_changes JSON, kind VARCHAR DEFAULT 'study' NOT NULL, campaign VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "studies" VALUES(1,'many/sequential-all-blur-darts-H1','{"campaign": "many", "name": "sequential-all-blur-darts-H1", "problem": {"name": "blur", "noise": 0.1, "points": 50, "sigma": 0.2, "taps": 7, "factor": 4, "source": null}, "architecture": {"space": "sequential", "operations": "all", "layers": 2, "cells": 2, "states": 5, "channels": 4, "kernel_size": 3, "tau": 0.1, "operation_noise": 1.0, "roll_shift": 1, "own": [], "sources": []}, "search": {"variant": "darts", "alpha_scale": 0.001, "warm_up_fraction": 0.1, "batch_size": 8, "batches": 2}, "evaluation": {"trials": 25, "time_limit": 3600.0, "memory_limit": null}, "method": "darts", "preset": "H1", "hyperparameters": {"param_lr": 0.001, "param_weight_decay": 1e-08, "param_warm_up": false, "alpha_lr": 0.001, "alpha_weight_decay": 0.001, "alpha_warm_up": true, "alpha_scheduler": "linear", "alpha_optimizer": "gradient_descent"}, "epochs": 1, "seed": 0, "trials": 3, "architectures": null}','3ee73aa7b894425ff059b67069be675b96ccf88d71f383f00e983f639ccdfdbb',0,'{"python": "3.11.7", "dartboard": "0.1.0", "torch": "2.13.0+cpu", "numba": "0.68.1", "numpy": "2.4.6", "hpbandster": "0.7.4", "ConfigSpace": "1.2.2"}','done','2026-11-28 21:36:07.068104','2026-11-28 21:36:10.323575',NULL,'cell','many');
INSERT INTO "studies" VALUES(2,'many/sequential-all-blur-random-H1','{"campaign": "many", "name": "sequential-all-blur-random-H1", "problem": {"name": "blur", "noise": 0.1, "points": 50, "sigma": 0.2, "taps": 7, "factor": 4, "source": null}, "architecture": {"space": "sequential", "operations": "all", "layers": 2, "cells": 2, "states": 5, "channels": 4, "kernel_size": 3, "tau": 0.1, "operation_noise": 1.0, "roll_shift": 1, "own": [], "sources": []}, "search": {"variant": "darts", "alpha_scale": 0.001, "warm_up_fraction": 0.1, "batch_size": 8, "batches": 2}, "evaluation": {"trials": 25, "time_limit": 3600.0, "memory_limit": null}, "method": "random", "preset": "H1", "hyperparameters": {"param_lr": 0.001, "param_weight_decay": 1e-08, "param_warm_up": false, "alpha_lr": 0.001, "alpha_weight_decay": 0.001, "alpha_warm_up": true, "alpha_scheduler": "linear", "alpha_optimizer": "gradient_descent"}, "epochs": 1, "seed": 0, "trials": 3, "architectures": null}','b7249a95e478ad34d6f59140dda6f294855d1e39c823d47c2920ca0de577ae80',0,'{"python": "3.11.7", "dartboard": "0.1.0", "torch": "2.13.0+cpu", "numba": "0.68.1", "numpy": "2.4.6", "hpbandster": "0.7.4", "ConfigSpace": "1.2.2"}','done','2026-11-28 21:36:07.068104','2026-11-28 21:36:10.324700',NULL,'cell','many');
INSERT INTO "studies" VALUES(3,'old','{"name": "old", "objective": "final", "seed": 3, "problem": {"name": "blur", "noise": 0.1, "points": 50, "sigma": 0.2, "taps": 7, "factor": 4, "source": null}, "architecture": {"space": "sequential", "operations": "all", "layers": 2, "cells": 2, "states": 5, "channels": 4, "kernel_size": 3, "tau": 0.1, "operation_noise": 1.0, "roll_shift": 1, "own": [], "sources": []}, "search": {"variant": "darts", "alpha_scale": 0.001, "warm_up_fraction": 0.1, "batch_size": 8, "batches": 2}, "evaluation": {"trials": 2, "aggregate": "mean", "time_limit": 3600.0, "memory_limit": null}, "bohb": {"iterations": 3, "eta": 3, "min_epochs": 1.0, "max_epochs": 3.0, "parallel": 1, "random_fraction": 0.3333333333333333, "top_percent": 15.0, "min_points": 0, "candidates": 64, "bandwidth_factor": 3.0, "min_bandwidth": 0.001}, "hyperparameters": {}}','6086299d326491edc469e16fb2bf9038c260ce1ee65e0758d3a247f4f1ddb608',3,'{"python": "3.11.7", "dartboard": "0.1.0", "torch": "2.13.0+cpu", "numba": "0.68.1", "numpy": "2.4.6", "hpbandster": "0.7.4", "ConfigSpace": "1.2.2"}','running','2026-11-28 21:36:16.840257','2026-11-28 21:36:16.840257',NULL,'study',NULL);
CREATE TABLE trials (
	evaluation_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	seed BIGINT NOT NULL, 
	one_shot_psnr DOUBLE, 
	architecture_psnr DOUBLE, 
	architecture JSON NOT NULL, 
	search_seconds DOUBLE, 
	retrain_seconds DOUBLE, 
	PRIMARY KEY (evaluation_id, position), 
	FOREIGN KEY(evaluation_id) REFERENCES evaluations (id) ON DELETE CASCADE
);
INSERT INTO "trials" VALUES(2,0,3682476849473599490,NULL,-4.1415899454438971361e+00,'["noise", "noise"]',NULL,4.62674122999942483147e-01);
INSERT INTO "trials" VALUES(2,1,6734048666066570598,NULL,3.71120597283355380113e+00,'["learnable_gradient", "roll"]',NULL,4.62674122999942483147e-01);
INSERT INTO "trials" VALUES(2,2,6343337635451466363,NULL,2.86246848102968343141e+00,'["learnable_gradient", "cnn"]',NULL,4.62674122999942483147e-01);
INSERT INTO "trials" VALUES(1,0,5997464314707411538,6.22017360900653315525e+00,1.22273807846382585038e+01,'["cnn", "cnn"]',4.95189765000001613781e-01,1.56557233333387557649e-02);
INSERT INTO "trials" VALUES(1,1,5802940956473037976,6.32890330661584954441e+00,1.06028089582731723796e+01,'["learnable_gradient", "cnn"]',4.95189765000001613781e-01,1.56557233333387557649e-02);
INSERT INTO "trials" VALUES(1,2,5098356081256267664,4.45970379862094645773e+00,1.26757476693850072995e+01,'["cnn", "roll"]',4.95189765000001613781e-01,1.56557233333387557649e-02);
INSERT INTO "trials" VALUES(3,0,3056642518905527826,8.99211839771649223962e+00,1.44123678981472167492e+01,'["cnn", "cnn"]',5.36017651999941335816e-01,1.65193660000113595742e-02);
INSERT INTO "trials" VALUES(3,1,6528642486988608038,5.32647476853476753433e+00,1.34296362305715106795e+01,'["cnn", "cnn"]',5.36017651999941335816e-01,1.65193660000113595742e-02);
INSERT INTO "trials" VALUES(4,0,4802312590765216108,5.55157005435977612961e+00,2.27327889747223510497e+00,'["roll", "learnable_gradient"]',0.00681757799998195,1.59778860000869826762e-02);
INSERT INTO "trials" VALUES(4,1,1532957892820654651,3.91472802754388826684e+00,-1.67488461537593946726e-01,'["cnn", "noise"]',0.00681757799998195,1.59778860000869826762e-02);
INSERT INTO "trials" VALUES(5,0,7726501877026195340,4.6687555268043308132e+00,1.7803752232995422311e+00,'["roll", "roll"]',5.23382049993870168691e-03,4.46923849995073396712e-03);
INSERT INTO "trials" VALUES(5,1,2866965238603205292,7.31923840263842251374e+00,4.26041432698109634458e+00,'["noise", "cnn"]',5.23382049993870168691e-03,4.46923849995073396712e-03);
CREATE TABLE workers (
	study_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	device VARCHAR NOT NULL, 
	engine VARCHAR NOT NULL, 
	evaluation VARCHAR, 
	attempt INTEGER, 
	heard DATETIME NOT NULL, 
	PRIMARY KEY (study_id, name), 
	FOREIGN KEY(study_id) REFERENCES studies (id) ON DELETE CASCADE
);
COMMIT;
